/**
 * What the shipped models were trained on, conversations and windows, in a file beside them, so that a site can train on
 * its own traffic without forgetting theirs: values as 32-bit floats, which is all that a model tells apart, column by
 * column, zstd.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { z } from 'zod';
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import { WINDOW_FEATURES } from '../contract/features.ts';
import { catalogueHash } from '../core/features/catalogue-hash.ts';
import { FLOW_FEATURES } from '../core/features/flow-vector.ts';
import { AppError } from '../errors.ts';
import { type ExampleSets, type Examples, newExampleSets } from './examples.ts';

const MAX_BYTES = 2 ** 29;
/** It is written once and read by everyone. */
const COMPRESSION = 19;
const HEADER_LENGTH_BYTES = 4;
/** In the place of a kind's number. */
const NO_KIND = 255;

const Header = z.strictObject({
  flowCatalogue: z.string(),
  windowCatalogue: z.string(),
  kinds: z.array(z.enum(ALERT_KIND_NAMES)),
  testSeconds: z.number().nonnegative(),
  dataHashes: z.array(z.string()),
  flows: z.number().int().nonnegative(),
  sources: z.number().int().nonnegative(),
  targets: z.number().int().nonnegative(),
});

export interface BaseExamples {
  readonly sets: ExampleSets;
  /** Of the captures they come from. */
  readonly dataHashes: readonly string[];
}

export function encodeBase({ sets, dataHashes }: BaseExamples): Uint8Array {
  const header = JSON.stringify({
    flowCatalogue: catalogueHash(FLOW_FEATURES),
    windowCatalogue: catalogueHash(WINDOW_FEATURES),
    kinds: [...ALERT_KIND_NAMES],
    testSeconds: sets.testSeconds,
    dataHashes: [...dataHashes],
    flows: sets.flows.rows.length,
    sources: sets.sources.rows.length,
    targets: sets.targets.rows.length,
  } satisfies z.infer<typeof Header>);
  const length = Buffer.alloc(HEADER_LENGTH_BYTES);
  length.writeUInt32LE(Buffer.byteLength(header));
  const parts = [sets.flows, sets.sources, sets.targets].flatMap(encodeSet);
  return zstdCompressSync(Buffer.concat([length, Buffer.from(header), ...parts]), {
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION },
  });
}

/** @throws AppError `model_incompatible` for a file that is damaged or of another feature catalogue */
export function decodeBase(bytes: Uint8Array): BaseExamples {
  const { header, body } = open(bytes);
  if (
    header.flowCatalogue !== catalogueHash(FLOW_FEATURES) ||
    header.windowCatalogue !== catalogueHash(WINDOW_FEATURES)
  )
    throw refused('they are of another feature catalogue');
  const sets = newExampleSets();
  sets.testSeconds = header.testSeconds;
  let end = decodeSet(sets.flows, header.flows, header.kinds, body, 0);
  end = decodeSet(sets.sources, header.sources, header.kinds, body, end);
  decodeSet(sets.targets, header.targets, header.kinds, body, end);
  return { sets, dataHashes: header.dataHashes };
}

function encodeSet({ rows, kinds, isTest, width }: Examples): Uint8Array[] {
  const labels = Uint8Array.from(kinds, (kind) =>
    kind === null ? NO_KIND : ALERT_KIND_NAMES.indexOf(kind),
  );
  const values = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries())
    for (const [feature, value] of row.entries()) values[feature * rows.length + at] = value;
  return [labels, Uint8Array.from(isTest, Number), new Uint8Array(values.buffer)];
}

/** Returns where it ends. */
function decodeSet(
  examples: Examples,
  count: number,
  kinds: z.infer<typeof Header>['kinds'],
  body: Buffer,
  at: number,
): number {
  const { width } = examples;
  const valuesAt = at + 2 * count;
  const end = valuesAt + 4 * count * width;
  if (end > body.length) throw refused('the file ends too early');
  for (let row = 0; row < count; row++) {
    const values = new Float64Array(width);
    for (let feature = 0; feature < width; feature++)
      values[feature] = body.readFloatLE(valuesAt + 4 * (feature * count + row));
    const label = body[at + row] ?? NO_KIND;
    const kind = label === NO_KIND ? null : kinds[label];
    if (kind === undefined) throw refused('a label is none');
    examples.add(values, kind, body[at + count + row] === 1);
  }
  return end;
}

function open(bytes: Uint8Array): { header: z.infer<typeof Header>; body: Buffer } {
  try {
    const all = zstdDecompressSync(bytes, { maxOutputLength: MAX_BYTES });
    const begin = HEADER_LENGTH_BYTES + all.readUInt32LE(0);
    const header = Header.parse(
      JSON.parse(all.subarray(HEADER_LENGTH_BYTES, begin).toString('utf8')),
    );
    return { header, body: all.subarray(begin) };
  } catch (error) {
    throw refused((error as Error).message.split('\n')[0] ?? '', error);
  }
}

function refused(reason: string, cause?: unknown): AppError {
  return new AppError('model_incompatible', `Cannot use the base examples: ${reason}`, { cause });
}
