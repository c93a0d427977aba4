/**
 * How long a model of a million nodes takes to load: `node test/bench/load-probe.ts [DEPTH]`. Prints one JSON line: milliseconds as
 * the first thing that a process does, lowest, median and highest of several processes, and the median where the code is warm;
 * digest and checks included, reading the file not.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flattenTrees } from '../../src/core/models/flat-trees.ts';
import type { GrownNode } from '../../src/core/models/grown-tree.ts';
import { encodeModels } from '../../src/core/models/model-file.ts';
import { Random } from '../../src/core/models/random.ts';
import { RandomForest } from '../../src/core/models/random-forest.ts';
import { readModels } from '../../src/workshop/read-models.ts';

const FEATURES = 60;
const TREES = 61;
const RUNS = 7;

const random = new Random(1);

function fullTree(depth: number): GrownNode {
  if (depth === 0) {
    const share = random.float();
    return { kind: 'leaf', cover: 1 + random.below(9), values: [share, 1 - share] };
  }
  const [left, right] = [fullTree(depth - 1), fullTree(depth - 1)];
  const feature = random.below(FEATURES);
  return { kind: 'split', feature, threshold: random.float(), isMissingLeft: false, left, right };
}

const depth = Number(process.argv[2] ?? 13);
const trees = flattenTrees(
  Array.from({ length: TREES }, () => fullTree(depth)),
  FEATURES,
  2,
);
const names = Array.from({ length: FEATURES }, (_, feature) => `f${feature}`);
const stored = { name: 'm', model: new RandomForest(names, ['a', 'b'], trees), catalogueHash: 'c' };
const about = { seed: 1, parameters: {}, dataHashes: [], metrics: {}, thresholds: {} };
const bytes = encodeModels([{ ...stored, ...about, calibrations: {}, references: {} }]);
const warm = Array.from({ length: RUNS }, () => {
  const begin = performance.now();
  readModels(bytes);
  return performance.now() - begin;
}).sort((a, b) => a - b);
const cold = coldTimes(bytes);
const line = {
  ...{ nodes: trees.nodes.length / 2, bytes: bytes.length, warm_ms: warm[RUNS >> 1] },
  ...{ cold_lowest_ms: cold[0], cold_median_ms: cold[RUNS >> 1], cold_highest_ms: cold.at(-1) },
};
process.stdout.write(`${JSON.stringify(line)}\n`);

/** Each in a process of its own, ascending. */
function coldTimes(model: Uint8Array): number[] {
  const folder = mkdtempSync(join(tmpdir(), 'phantomnet-load-'));
  try {
    const file = join(folder, 'm.model');
    writeFileSync(file, model);
    const script = `
      const { readFileSync } = await import('node:fs');
      const { readModels } = await import(process.argv[1]);
      const bytes = readFileSync(process.argv[2]);
      const begin = performance.now();
      readModels(bytes);
      console.log(performance.now() - begin);`;
    const reader = new URL('../../src/workshop/read-models.ts', import.meta.url).href;
    const run = () =>
      Number(execFileSync(process.execPath, ['--input-type=module', '-e', script, reader, file]));
    return Array.from({ length: RUNS }, run).sort((a, b) => a - b);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
