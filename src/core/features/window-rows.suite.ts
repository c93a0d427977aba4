/** Runs packets written by hand through flow table and windows, for the tests of both. */
import { type FeatureName, featureIndex } from '../../contract/features.ts';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { WindowRow, WindowScope } from '../../contract/window.ts';
import { FlowTable, type FlowTableOptions } from '../flows/flow-table.ts';
import { batchOf, type HandArp, type HandPacket } from '../flows/packet-rows.suite.ts';
import { WindowAggregator, type WindowAggregatorOptions } from './window-aggregator.ts';

export interface Run {
  readonly rows: WindowRow[];
  readonly windows: WindowAggregator;
}

export function runBatches(
  batches: readonly PacketBatch[],
  options: Partial<WindowAggregatorOptions & FlowTableOptions> = {},
): Run {
  const rows: WindowRow[] = [];
  const windows = new WindowAggregator({
    sensorId: 's',
    onRow: (row) => rows.push(row),
    ...options,
  });
  const flows = new FlowTable({ sensorId: 's', onEnd: () => {}, ...options });
  for (const batch of batches)
    for (let row = 0; row < batch.length; row++)
      windows.observe(batch, row, flows, flows.observe(batch, row));
  windows.flush();
  return { rows, windows };
}

export function runPackets(
  packets: readonly (HandPacket | HandArp)[],
  options: Partial<WindowAggregatorOptions & FlowTableOptions> = {},
): Run {
  return runBatches([batchOf(packets)], options);
}

export function rowOf(
  rows: readonly WindowRow[],
  scope: WindowScope,
  entity = '*',
  size = 5,
  start?: number,
): WindowRow {
  const row = rows.find(
    (each) =>
      each.scope === scope &&
      each.entity === entity &&
      each.size === size &&
      (start === undefined || each.startMicros === start * 1e6),
  );
  if (!row) throw new Error(`There is no row of ${scope} ${entity}`);
  return row;
}

export function featureOf(row: WindowRow, name: FeatureName): number {
  return row.values[featureIndex(name)]!;
}
