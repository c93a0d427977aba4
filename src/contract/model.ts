/** Models as people judge them: what each is, how good it was measured to be, and which of them judges. */
import { z } from 'zod';

const Numbers = z.record(z.string(), z.number());

/** One model of a model file. */
export const ModelCard = z.object({
  name: z.string(),
  kind: z.enum(['random_forest', 'gradient_boosting', 'isolation_forest']),
  trees: z.number(),
  features: z.number(),
  catalogue_hash: z.string(),
  seed: z.number(),
  parameters: z.record(z.string(), z.unknown()),
  /** SHA-256 of what it was trained on. */
  data_hashes: z.array(z.string()),
  metrics: Numbers,
  /** By class: the least probability that alarms, for the wanted number of false alarms per day. */
  thresholds: Numbers,
  /** The features that decide most, first: mean size of their contributions to the output. */
  importance: z.array(z.object({ feature: z.string(), contribution: z.number() })),
  /** What is bad about it, in words. */
  weaknesses: z.array(z.string()),
});
export type ModelCard = z.infer<typeof ModelCard>;

/** What a pinned capture without attack says of a promotion. */
export const GateResult = z.object({
  capture: z.string(),
  /** Alerts on a capture without attack: all of them false. */
  champion: z.number(),
  challenger: z.number(),
  /** Conversations and windows judged, and how many of them each called attacks. */
  rows: z.number(),
  champion_rows: z.number(),
  challenger_rows: z.number(),
});
export type GateResult = z.infer<typeof GateResult>;

const ShadowCounts = z.object({
  rows: z.number(),
  /** Rows that both, or only one of the two, would alert on. */
  both: z.number(),
  onlyChampion: z.number(),
  onlyChallenger: z.number(),
  /** Of the score, summed up over the rows. */
  distance: z.number(),
});

/** What a challenger would have said of live traffic. */
export const ModelShadow = z.object({
  since: z.iso.datetime(),
  flows: ShadowCounts,
  sources: ShadowCounts,
  targets: ShadowCounts,
});
export type ModelShadow = z.infer<typeof ModelShadow>;

export const ModelEntry = z.object({
  /** SHA-256 of the file: what an alert names as its model. */
  hash: z.string(),
  state: z.enum(['champion', 'challenger', 'kept']),
  is_shipped: z.boolean(),
  /** Null for the one that ships. */
  added_at: z.iso.datetime().nullable(),
  added_by: z.string().nullable(),
  /** The file it came from. */
  origin: z.string(),
});
export type ModelEntry = z.infer<typeof ModelEntry>;

export const ModelChange = z.object({
  at: z.iso.datetime(),
  /** `refuse`: a pinned capture objected to a promotion. */
  action: z.enum(['add', 'promote', 'refuse', 'rollback']),
  /** Which was added or refused, or is the champion from then on; null: the one that ships. */
  model: z.string().nullable(),
  /** The champion before. */
  before: z.string().nullable(),
  by: z.string(),
  gate: z.array(GateResult),
});
export type ModelChange = z.infer<typeof ModelChange>;

export const ModelPin = z.object({ capture: z.string(), sha256: z.string() });
export type ModelPin = z.infer<typeof ModelPin>;

// GET, POST /api/v1/models
export const ModelList = z.object({
  /** Of the file that judges now; null: detectors run without a model. */
  judging: z.string().nullable(),
  /** Why none judges, or why it is not the champion. */
  reason: z.string().nullable(),
  /** The file that the configuration names: it judges whoever is champion. */
  configured: z.string().nullable(),
  models: z.array(ModelEntry),
  /** Newest first. */
  history: z.array(ModelChange),
  pins: z.array(ModelPin),
});
export type ModelList = z.infer<typeof ModelList>;

export const DriftRow = z.object({
  model: z.string(),
  /** A feature's name, or `score`. */
  value: z.string(),
  /** The population stability index: below 0.1 is nothing, from 0.25 on it is other traffic. */
  population_stability: z.number(),
  rows: z.number(),
  alarm: z.boolean(),
});
export type DriftRow = z.infer<typeof DriftRow>;

// GET /api/v1/models/{hash}
export const ModelDetail = z.object({
  entry: ModelEntry,
  cards: z.array(ModelCard),
  shadow: ModelShadow.nullable(),
  /** The furthest first; null: it has not judged live traffic yet. */
  drift: z.object({ at: z.iso.datetime(), rows: z.array(DriftRow) }).nullable(),
});
export type ModelDetail = z.infer<typeof ModelDetail>;
