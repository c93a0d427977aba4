/**
 * Rows shaped like flow features: most log-normal, some counts, some flags, some missing; about 6 %
 * attacks that depend on products and thresholds of a dozen features, with noise. No traffic: for
 * parity and speed only.
 */
import { createDataset, type Dataset } from '../core/models/dataset.ts';
import { Random } from '../core/models/random.ts';

const INFORMATIVE = 12;

export function makeSkewedFlows(rowCount: number, seed: number, featureCount = 60): Dataset {
  const random = new Random(seed);
  const bell = () => {
    let sum = -6;
    for (let i = 0; i < 12; i++) sum += random.float();
    return sum;
  };
  const values = new Float64Array(rowCount * featureCount);
  const labels = new Uint8Array(rowCount);
  const row = new Float64Array(featureCount);
  for (let i = 0; i < rowCount; i++) {
    const common = bell();
    let margin = -3.8;
    for (let f = 0; f < featureCount; f++) {
      let value = Math.exp(1.2 * bell() + (f % 5 === 0 ? 0.5 * common : 0));
      if (f % 4 === 1) value = Math.floor(3 * value);
      if (f % 10 === 9) value = value > 2 ? 1 : 0;
      row[f] = value;
      const sign = f % 2 === 0 ? 0.5 : -0.5;
      if (f < INFORMATIVE) margin += sign * Math.log1p(value) * ((row[0] ?? 0) > 1 ? 1.3 : 0.4);
    }
    if ((row[1] ?? 0) > 3 && (row[2] ?? 0) < 1) margin += 2.5;
    labels[i] = random.float() < 1 / (1 + Math.exp(-margin)) ? 1 : 0;
    if (random.float() < 0.05) row[random.below(featureCount)] = Number.NaN;
    values.set(row, i * featureCount);
  }
  return createDataset({
    featureNames: Array.from({ length: featureCount }, (_, f) => `f${f}`),
    values,
    classNames: ['benign', 'attack'],
    labels,
  });
}

/** Missing values replaced by −1, for references that do not know them. */
export function fillMissing(dataset: Dataset): Dataset {
  const values = dataset.values.map((value) => (Number.isNaN(value) ? -1 : value));
  return { ...dataset, values: values as Float64Array };
}
