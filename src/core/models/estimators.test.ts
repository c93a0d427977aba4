import { BoostedTrees } from './boosted-trees.ts';
import { type EstimatorKind, estimatorSuite } from './estimator.suite.ts';
import { trainBoosting } from './gradient-boosting.ts';
import { IsolationForest, trainIsolationForest } from './isolation-forest.ts';
import type { Model } from './model-file.ts';
import { explainIsolationForest } from './path-contributions.ts';
import { RandomForest, trainRandomForest } from './random-forest.ts';
import { explainBoosting, explainForest } from './tree-shap.ts';

function forestOf(classCount: number): EstimatorKind {
  return {
    classCount,
    outputCount: classCount,
    train: (data, seed) => trainRandomForest(data, { treeCount: 12, seed }),
    explain: (model, row) => {
      const forest = expectKind(model, RandomForest);
      const out = new Float64Array(classCount);
      forest.predict(row, out);
      return { explanation: explainForest(forest, row, 1), total: out[1] ?? Number.NaN };
    },
  };
}

function boostingOf(
  classCount: number,
  options: Parameters<typeof trainBoosting>[1],
): EstimatorKind {
  return {
    classCount,
    outputCount: classCount,
    train: (data, seed) =>
      trainBoosting(data, { roundCount: 12, rowFraction: 0.8, seed, ...options }),
    explain: (model, row) => {
      const boosted = expectKind(model, BoostedTrees);
      const margins = new Float64Array(boosted.firstMargins.length);
      boosted.margins(row, margins);
      const index = classCount === 2 ? 0 : 1;
      return { explanation: explainBoosting(boosted, row, 1), total: margins[index] ?? Number.NaN };
    },
  };
}

function expectKind<T>(model: Model, kind: abstract new (...parameters: never[]) => T): T {
  if (!(model instanceof kind)) throw new Error(`It is a ${model.kind}`);
  return model;
}

estimatorSuite('a random forest of two classes', forestOf(2));
estimatorSuite('a random forest of four classes', forestOf(4));
estimatorSuite('boosting of two classes', boostingOf(2, {}));
estimatorSuite('boosting of four classes', boostingOf(4, {}));
estimatorSuite('boosting with monotone features', boostingOf(2, { monotone: { f0: 1, f1: -1 } }));
estimatorSuite('an isolation forest', {
  classCount: 2,
  outputCount: 1,
  train: (data, seed) => trainIsolationForest(data, { treeCount: 40, subsample: 128, seed }),
  explain: (model, row) => {
    const forest = expectKind(model, IsolationForest);
    return {
      explanation: explainIsolationForest(forest, row),
      total: Math.log2(forest.score(row)),
    };
  },
});
