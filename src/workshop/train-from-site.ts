/**
 * `phantomnet train --from-site`: a challenger from the base and what this site has seen since. Never a champion: who judges is
 * decided by the gate of a promotion, as for any other.
 *
 * The forest of conversations stays the champion's where the site has labelled none. The isolation forest learns the
 * site's own first day, where that is long enough, and needs no labels for it.
 */
import { createHash } from 'node:crypto';
import type { AlertKind } from '../contract/alert-kinds.ts';
import { MODEL_NAMES } from '../core/engine/judge.ts';
import { FLOW_FEATURE_COUNT, flowVector } from '../core/features/flow-vector.ts';
import type { ModelFile, StoredModel } from '../core/models/model-file.ts';
import { AppError } from '../errors.ts';
import type { Queryable } from '../store/database.ts';
import { type FlowStretch, flowsOf } from '../store/site-flows.ts';
import {
  alertVerdicts,
  firstDayWindows,
  lureContacts,
  type SiteWindow,
  type Stretch,
  windowsOf,
} from '../store/site-windows.ts';
import type { BaseExamples } from './base-examples.ts';
import type { Examples } from './examples.ts';
import { fitFlowModel, fitWindowModels } from './fit-models.ts';
import { type SiteCounts, type SiteExample, weighExamples } from './site-examples.ts';
import type { TrainingProgress } from './training-progress.ts';

/** Of the site's time, the first part trains and the rest tests, as with captures. */
const TRAINING_SHARE = 0.6;
/** Traffic of a visitor of a lure counts this long before and after the visit. */
const CONTACT_MARGIN_S = 30;
/** Windows of one source on the first day, and how many windows make a day worth learning. */
const MAX_USUAL_PER_SOURCE = 500;
const MIN_USUAL_WINDOWS = 2_000;

export interface SiteTraining {
  readonly base: BaseExamples;
  readonly champion: ModelFile;
  readonly workerCount: number;
  readonly progress: TrainingProgress;
}

export interface SiteResult {
  readonly models: StoredModel[];
  /** Conversations; all 0: their forest is the champion's. */
  readonly flows: SiteCounts;
  readonly sources: SiteCounts;
  readonly targets: SiteCounts;
  /** Windows of the first day that the isolation forest learned; 0: the base's instead. */
  readonly usualWindows: number;
}

/** @throws AppError `input_invalid` where the site has nothing to teach */
export async function trainFromSite(db: Queryable, training: SiteTraining): Promise<SiteResult> {
  const { base, champion, progress } = training;
  const championFlow = champion.models.find(({ name }) => name === MODEL_NAMES.flow);
  if (!championFlow)
    throw new AppError('model_incompatible', `The champion has no ${MODEL_NAMES.flow}`);
  progress.step(0, 2, 'what the site has seen');
  const found = await siteExamples(db);
  const usual = await firstDayWindows(db, MAX_USUAL_PER_SOURCE);
  const isDayEnough = usual.length >= MIN_USUAL_WINDOWS;
  const labelled = found.flows.length + found.sources.length + found.targets.length;
  if (labelled === 0 && !isDayEnough)
    throw new AppError(
      'input_invalid',
      'Cannot train: no lure was touched, no analyst has resolved an alert or called one false, and there is no day of traffic yet',
    );
  const usualWindows = isDayEnough ? usual.length : 0;
  const digest = createHash('sha256');
  const flows = addSite(base.sets.flows, found.flows, digest);
  const sources = addSite(base.sets.sources, found.sources, digest);
  const targets = addSite(base.sets.targets, found.targets, digest);
  if (isDayEnough) for (const { values } of usual) digest.update(bytesOf(values));
  progress.say(
    `from the site: ${describe('conversations', flows)}; ${describe('windows of sources', sources)}; ${describe('windows of targets', targets)}; first day ${usual.length} windows${isDayEnough ? '' : ', too few'}`,
  );
  const options = {
    // The champion's: what differs is what the site has taught.
    seed: championFlow.seed,
    dataHashes: [...base.dataHashes, digest.digest('hex')],
    workerCount: training.workerCount,
    progress,
    parameters: {
      site: true,
      ...prefixed('flows_', flows),
      ...prefixed('sources_', sources),
      ...prefixed('targets_', targets),
      first_day_windows: usualWindows,
    },
  };
  const flow = found.flows.length === 0 ? championFlow : await fitFlowModel(base.sets, options);
  const windows = await fitWindowModels(base.sets, {
    ...options,
    ...(isDayEnough && { usual: usual.map(({ values }) => values) }),
  });
  return { models: [flow, ...windows], flows, sources, targets, usualWindows };
}

async function siteExamples(db: Queryable) {
  const flows: SiteExample[] = [];
  const sources: SiteExample[] = [];
  const targets: SiteExample[] = [];
  const take = async (stretch: Stretch, kind: AlertKind | null, isWeak: boolean) => {
    const list = stretch.scope === 'source' ? sources : targets;
    for (const window of await windowsOf(db, stretch))
      list.push(exampleOf(window, stretch, kind, isWeak));
  };
  const takeFlows = async (stretch: FlowStretch, kind: AlertKind | null, isWeak: boolean) => {
    for (const { id, source, flow } of await flowsOf(db, stretch)) {
      const row = new Float64Array(FLOW_FEATURE_COUNT);
      flowVector(flow, row);
      const startMicros = flow.firstSeenMicros;
      flows.push({ row, startMicros, key: String(id), source, kind, isWeak });
    }
  };
  for (const { source_ip, service, logins, started_at, last_at } of await lureContacts(db)) {
    const from = started_at.getTime() / 1000 - CONTACT_MARGIN_S;
    const to = last_at.getTime() / 1000 + CONTACT_MARGIN_S;
    const kind = logins > 0 ? 'Brute_Force' : service === 'http' ? 'Web_Scan' : 'Port_Scan';
    await take({ scope: 'source', entity: source_ip, from, to }, kind, true);
    await takeFlows({ source: source_ip, target: null, from, to }, kind, true);
  }
  for (const verdict of await alertVerdicts(db)) {
    const { alert_type, source_ip, destination_ip, first_seen: from, last_seen: to } = verdict;
    const kind = verdict.status === 'resolved' ? alert_type : null;
    if (source_ip !== null)
      await take({ scope: 'source', entity: source_ip, from, to }, kind, false);
    if (destination_ip !== null)
      await take({ scope: 'target', entity: destination_ip, from, to }, kind, false);
    await takeFlows({ source: source_ip, target: destination_ip, from, to }, kind, false);
  }
  return { flows, sources, targets };
}

function exampleOf(
  { startMicros, values }: SiteWindow,
  { entity }: Stretch,
  kind: AlertKind | null,
  isWeak: boolean,
): SiteExample {
  return {
    row: values,
    startMicros,
    key: `${entity} ${startMicros}`,
    source: entity,
    kind,
    isWeak,
  };
}

/** Adds them, the later ones kept apart for the test, and notes them in the digest. */
function addSite(
  set: Examples,
  found: readonly SiteExample[],
  digest: ReturnType<typeof createHash>,
): SiteCounts {
  const { examples, counts } = weighExamples(found, attackWeight(set));
  const sorted = [...examples].sort((a, b) => a.startMicros - b.startMicros);
  const begin = sorted[0]?.startMicros ?? 0;
  const end = sorted.at(-1)?.startMicros ?? 0;
  const split = begin + (end - begin) * TRAINING_SHARE;
  for (const { row, startMicros, kind, weight, isWeak } of sorted) {
    // Weak evidence is no ground truth: it never tests.
    set.add(row, kind, startMicros > split && !isWeak, weight);
    digest.update(`${startMicros} ${kind} ${weight}`).update(bytesOf(row));
  }
  return counts;
}

function attackWeight({ kinds, weights, isTest }: Examples): number {
  return kinds.reduce(
    (sum, kind, at) => (kind === null || isTest[at] ? sum : sum + (weights[at] ?? 0)),
    0,
  );
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function describe(what: string, { weak, strong, negative, contradicted, capped }: SiteCounts) {
  return `${what} ${weak} from lures, ${strong} of resolved alerts, ${negative} of false ones (${contradicted} contradicted and left out, ${capped} groups held to their cap)`;
}

function prefixed(prefix: string, counts: SiteCounts): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, value]) => [prefix + name, value]));
}
