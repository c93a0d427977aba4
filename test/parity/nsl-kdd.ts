/** The 25,192 training rows of NSL-KDD: features of connections, not packets. Only to check the forests. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createDataset, type Dataset, selectRows } from '../../src/core/models/dataset.ts';

const FILE = resolve('../shared/data/labelled/nsl-kdd/KDDTrain+_20Percent.txt');
const FEATURE_COUNT = 41;
/** protocol_type, service, flag. */
const TEXT_COLUMNS = [1, 2, 3];
/** Rarer labels are one class. */
const MIN_CLASS_ROWS = 200;

export interface Split {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Null where the file is there. */
export function whyNoNslKdd(): string | null {
  return existsSync(FILE) ? null : `there is no ${FILE}`;
}

/** First 70 % to train, the rest to test, in the order of the file. `binary`: normal or not. */
export function loadNslKdd(classes: 'binary' | 'many'): Split {
  const lines = readFileSync(FILE, 'utf8').trim().split('\n');
  const rows = lines.map((line) => line.trim().split(','));
  const codes = new Map(
    TEXT_COLUMNS.map((column) => {
      const names = [...new Set(rows.map((cells) => cells[column]))].sort();
      return [column, new Map(names.map((name, code) => [name, code]))];
    }),
  );
  const values = new Float64Array(rows.length * FEATURE_COUNT);
  for (const [row, cells] of rows.entries()) {
    for (let column = 0; column < FEATURE_COUNT; column++) {
      const text = cells[column];
      values[row * FEATURE_COUNT + column] = codes.get(column)?.get(text) ?? Number(text);
    }
  }
  const names = rows.map((cells) => cells[FEATURE_COUNT] ?? '');
  const classOf = classes === 'binary' ? asAttack : asKind(names);
  const classNames = [...new Set(names.map(classOf))].sort().reverse();
  const all = createDataset({
    featureNames: Array.from({ length: FEATURE_COUNT }, (_, column) => `column_${column}`),
    values,
    classNames: classes === 'binary' ? ['normal', 'attack'] : classNames,
    labels: names.map((name) =>
      classes === 'binary' ? Number(name !== 'normal') : classNames.indexOf(classOf(name)),
    ),
  });
  return splitInOrder(all, 0.7);
}

function splitInOrder(dataset: Dataset, share: number): Split {
  const middle = Math.round(dataset.rowCount * share);
  const rows = Array.from({ length: dataset.rowCount }, (_, row) => row);
  return {
    train: selectRows(dataset, rows.slice(0, middle)),
    test: selectRows(dataset, rows.slice(middle)),
  };
}

function asAttack(name: string): string {
  return name === 'normal' ? 'normal' : 'attack';
}

function asKind(names: readonly string[]): (name: string) => string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return (name) => ((counts.get(name) ?? 0) >= MIN_CLASS_ROWS ? name : 'rare');
}
