/** The JSON header of a model file: its schema, and JSON that comes out the same for the same models. */
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import { MAX_CLASSES, MAX_FEATURES } from './dataset.ts';

const MAX_MODELS = 64;

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

const SectionPlace = z.strictObject({
  name: z.string(),
  type: z.enum(['i32', 'u32', 'f32', 'f64']),
  offset: z.number().int().nonnegative(),
  length: z.number().int().nonnegative(),
});

const ModelHeader = z.strictObject({
  kind: z.enum(['random_forest', 'gradient_boosting', 'isolation_forest']),
  name: z.string().min(1).max(200),
  featureNames: z.array(z.string()).min(1).max(MAX_FEATURES),
  classNames: z.array(z.string()).max(MAX_CLASSES),
  firstMargins: z.array(z.number()).max(MAX_CLASSES),
  subsample: z.number(),
  outputCount: z.number().int().min(1).max(MAX_CLASSES),
  catalogueHash: z.string(),
  seed: z.number(),
  parameters: z.record(z.string(), z.json()),
  dataHashes: z.array(z.string()),
  metrics: z.record(z.string(), z.number()),
  thresholds: z.record(z.string(), z.number()),
  calibrations: z.record(z.string(), z.unknown()),
  sections: z.array(SectionPlace).max(1000),
});
export type ModelHeader = z.infer<typeof ModelHeader>;

const FileHeader = z.strictObject({ models: z.array(ModelHeader).min(1).max(MAX_MODELS) });

/** Throws RangeError for what the schema does not allow, such as numbers that JSON does not know. */
export function formatHeader(models: readonly ModelHeader[]): string {
  const parsed = FileHeader.safeParse({ models });
  if (!parsed.success) throw new RangeError(`Cannot encode models: ${describe(parsed.error)}`);
  return asciiJson({ models });
}

/** Throws `model_incompatible` that says what is wrong. */
export function parseHeader(text: string): ModelHeader[] {
  let parsed: ReturnType<typeof FileHeader.safeParse>;
  try {
    parsed = FileHeader.safeParse(JSON.parse(text));
  } catch {
    // Besides bad syntax: values nested so deep that no stack is enough.
    throw refused('its header is no JSON');
  }
  if (!parsed.success) throw refused(`in its header, ${describe(parsed.error)}`);
  return parsed.data.models;
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? error.message : `${issue.path.join('.')}: ${issue.message}`;
}

/** JSON with sorted keys and nothing but ASCII in it. */
function asciiJson(value: unknown): string {
  const sorted = JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return sorted.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function refused(reason: string): AppError {
  return new AppError('model_incompatible', `Cannot use the model file: ${reason}`);
}
