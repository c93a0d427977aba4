/** Which features a model decides by, over many rows: the mean size of each one's exact contribution. */
import type { BoostedTrees } from './boosted-trees.ts';
import { RandomForest } from './random-forest.ts';
import { explainBoosting, explainForest } from './tree-shap.ts';

/** Per feature, in the unit of the class's output. */
export function featureImportance(
  model: RandomForest | BoostedTrees,
  rows: readonly Float64Array[],
  classIndex: number,
): Float64Array {
  const sums = new Float64Array(model.featureNames.length);
  for (const row of rows) {
    const { contributions } =
      model instanceof RandomForest
        ? explainForest(model, row, classIndex)
        : explainBoosting(model, row, classIndex);
    for (const [feature, contribution] of contributions.entries())
      sums[feature]! += Math.abs(contribution) / rows.length;
  }
  return sums;
}
