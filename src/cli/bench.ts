/** `phantomnet bench`: speed as ratios to the peers that are installed, all in one run. */

import { benchAnalyze } from '../bench/analyze.ts';
import { benchDecode } from '../bench/decode.ts';
import { benchHttpIngest } from '../bench/http-ingest.ts';
import { benchIngest } from '../bench/ingest.ts';
import { benchLive } from '../bench/live.ts';
import type { Measure } from '../bench/measure.ts';
import { benchQuery } from '../bench/query.ts';
import { benchScore } from '../bench/score.ts';
import { benchStream } from '../bench/stream.ts';
import { benchTrain } from '../bench/train.ts';
import { AppError } from '../errors.ts';

export interface BenchOptions {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

type Area = (say: (line: string) => void) => AsyncIterable<Measure>;

const AREAS: Readonly<Record<string, Area>> = {
  decode: benchDecode,
  analyze: benchAnalyze,
  ingest: benchIngest,
  'http-ingest': benchHttpIngest,
  stream: benchStream,
  query: benchQuery,
  train: benchTrain,
  score: benchScore,
  live: benchLive,
};

/** @throws AppError `usage` for an area that is none */
export async function bench(
  areas: readonly string[],
  { json, out, err }: BenchOptions,
): Promise<void> {
  const wanted = areas.length > 0 ? areas : Object.keys(AREAS);
  const stranger = wanted.find((name) => !(name in AREAS));
  if (stranger)
    throw new AppError(
      'usage',
      `There is no area ${stranger}: there are ${Object.keys(AREAS).join(', ')}`,
    );
  for (const name of wanted) {
    err.write(`${name} …\n`);
    const measures = AREAS[name]?.((line) => err.write(`  ${line}\n`)) ?? [];
    for await (const measure of measures)
      out.write(`${json ? JSON.stringify(measure) : readable(measure)}\n`);
  }
}

function readable({ name, ours, peer, peer_name: peerName, ratio, unit }: Measure): string {
  const against =
    peer === null
      ? `(${peerName ?? 'no peer'})`
      : `${peerName} ${rounded(peer)}, ratio ${rounded(ratio ?? 0)}`;
  return `${name.padEnd(32)} ${rounded(ours).padStart(12)} ${unit.padEnd(10)} ${against}`;
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
