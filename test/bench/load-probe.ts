/**
 * How long a model of a million nodes takes to load: `node test/bench/load-probe.ts [DEPTH]`. Prints one JSON line: milliseconds of
 * the first load of this process and the median of those after, digest and checks included.
 */

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
const times = Array.from({ length: RUNS }, () => {
  const begin = performance.now();
  readModels(bytes);
  return performance.now() - begin;
});
const [first = 0, ...later] = times;
const median = later.sort((a, b) => a - b)[later.length >> 1] ?? 0;
const nodes = trees.nodes.length / 2;
const line = { nodes, bytes: bytes.length, first_ms: first, median_ms: median };
process.stdout.write(`${JSON.stringify(line)}\n`);
