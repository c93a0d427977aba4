/** `phantomnet windows`: the features of every window of one size, as `aggregated_features` JSON lines or as a table. */
import { type FeatureName, featureIndex } from '../contract/features.ts';
import type { WindowRow, WindowSize } from '../contract/window.ts';
import { toWindowJson } from '../contract/window-record.ts';
import { WindowAggregator } from '../core/features/window-aggregator.ts';
import { FlowTable } from '../core/flows/flow-table.ts';
import { printCaptures } from './capture-batches.ts';

export interface WindowsOptions {
  readonly size: WindowSize;
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

/** The columns of the table; JSON has all features. */
const SHOWN: readonly (readonly [FeatureName, string])[] = [
  ['total_packets', 'packets'],
  ['total_bytes', 'bytes'],
  ['tcp_syn_count', 'SYNs'],
  ['half_open_count', 'half-open'],
  ['distinct_targets_count', 'targets'],
  ['open_conn_count', 'open'],
  ['failed_login_count', 'refused'],
  ['dns_query_count', 'queries'],
  ['arp_count', 'ARP'],
];

/** Prints windows in the order in which they close. @throws AppError the first damage, after everything readable. */
export async function windows(
  files: readonly string[],
  { size, json, out }: WindowsOptions,
): Promise<void> {
  await printCaptures(files, out, json ? null : HEADER, (print) => {
    const flows = new FlowTable({ sensorId: 'local', onEnd: () => {} });
    const aggregator = new WindowAggregator({
      sensorId: 'local',
      onRow: (row) => {
        if (row.size === size) print(json ? JSON.stringify(toWindowJson(row)) : readable(row));
      },
    });
    return {
      batch: (batch) => {
        for (let row = 0; row < batch.length; row++)
          aggregator.observe(batch, row, flows, flows.observe(batch, row));
      },
      end: () => {
        flows.flush();
        aggregator.flush();
      },
    };
  });
}

const HEADER = line(
  'window (UTC)',
  'scope',
  'entity',
  SHOWN.map(([, title]) => title),
);

function readable(row: WindowRow): string {
  return line(
    new Date(row.startMicros / 1000).toISOString().slice(0, 19).replace('T', ' '),
    row.scope,
    row.entity,
    SHOWN.map(([name]) => String(row.values[featureIndex(name)] ?? 0)),
  );
}

function line(at: string, scope: string, entity: string, numbers: readonly string[]): string {
  return `${at.padEnd(20)}${scope.padEnd(8)}${entity.padEnd(26)}${numbers.map((text) => text.padStart(10)).join('')}`;
}
