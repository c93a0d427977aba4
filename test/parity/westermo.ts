/** The labelled flows of the Westermo network, two vantage points: numbers of each flow, whether a tool of the attacker took part. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createDataset, selectRows } from '../../src/core/models/dataset.ts';
import type { Split } from './nsl-kdd.ts';

const FOLDER = resolve('../shared/data/labelled/westermo/split');
/** Who and when is no feature. */
const LEFT_OUT =
  /^(sAddress|rAddress|sMACs|rMACs|sIPs|rIPs|startDate|endDate|start|end|startOffset|endOffset|.*_Label)$/;
const LABEL = 'NST_B_Label';

export type VantagePoint = 'left' | 'right';

/** Null where the files are there. */
export function whyNoWestermo(): string | null {
  return existsSync(FOLDER) ? null : `there is no ${FOLDER}`;
}

/** First 70 % of the flows by their start to train, the rest to test. Empty cells are missing values. */
export function loadWestermo(point: VantagePoint): Split {
  const [head = '', ...lines] = readFileSync(`${FOLDER}/flows_${point}_first.csv`, 'utf8')
    .trim()
    .split('\n');
  const names = head.trim().split(',');
  // Lists of addresses are in quotes and hold commas.
  const rows = lines
    .map((line) =>
      line
        .trim()
        .replace(/"[^"]*"/g, '')
        .split(','),
    )
    .sort((a, b) => Number(a[names.indexOf('start')]) - Number(b[names.indexOf('start')]));
  const features = names.filter((name) => !LEFT_OUT.test(name));
  const protocols = [...new Set(rows.map((cells) => cells[names.indexOf('protocol')]))].sort();
  const all = createDataset({
    featureNames: features,
    values: Float64Array.from(
      rows.flatMap((cells) =>
        features.map((name) => {
          const cell = cells[names.indexOf(name)] ?? '';
          if (name === 'protocol') return protocols.indexOf(cell);
          return cell === '' ? Number.NaN : Number(cell);
        }),
      ),
    ),
    classNames: ['normal', 'attack'],
    labels: rows.map((cells) => Number(cells[names.indexOf(LABEL)])),
  });
  const middle = Math.round(all.rowCount * 0.7);
  const numbers = Array.from({ length: all.rowCount }, (_, row) => row);
  return {
    train: selectRows(all, numbers.slice(0, middle)),
    test: selectRows(all, numbers.slice(middle)),
  };
}
