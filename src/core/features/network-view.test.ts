/** One row for the network from several sensors: the same as if one had seen it all, at the pace of the slowest that is awake. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureIndex } from '../../contract/features.ts';
import type { WindowRow } from '../../contract/window.ts';
import { FlowTable } from '../flows/flow-table.ts';
import { batchOf, type HandArp, type HandPacket } from '../flows/packet-rows.suite.ts';
import { NetworkView } from './network-view.ts';
import { WindowAggregator } from './window-aggregator.ts';
import { newState, observer, rowsOf, traffic } from './window-merge.suite.ts';

const PACKETS = featureIndex('total_packets');

/** Sensors that feed one view. */
function viewOf(idleMicros?: number) {
  const rows: WindowRow[] = [];
  const view = new NetworkView({
    onRow: (row) => rows.push(row),
    ...(idleMicros !== undefined && { idleMicros }),
  });
  const sensorOf = (sensorId: string) => {
    const flows = new FlowTable({ sensorId, onEnd: () => {} });
    const windows = new WindowAggregator({
      sensorId,
      onRow: () => {},
      onClosed: (state, size) => view.add(state, size),
    });
    return {
      see(...packets: (HandPacket | HandArp)[]) {
        const batch = batchOf(packets);
        for (let row = 0; row < batch.length; row++)
          windows.observe(batch, row, flows, flows.observe(batch, row));
        view.advance(sensorId, windows.watermark);
      },
      end() {
        windows.flush();
      },
    };
  };
  const seen = (size: number) =>
    rows
      .filter((row) => row.size === size)
      .map((row) => [row.startMicros / 1e6, row.values[PACKETS]]);
  return { view, rows, sensorOf, seen };
}

const packet = (t: number, src = '10.0.0.1'): HandPacket => ({
  t,
  src,
  dst: '192.0.2.1',
  flags: 'S',
});

describe('NetworkView', () => {
  it('has the row of one who saw what all sensors saw', () => {
    const places = fc.array(fc.nat(2), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(traffic, places, (packets, sensorOf) => {
        const { view, rows, sensorOf: newSensor } = viewOf();
        const whole = newState();
        for (const sensor of [0, 1, 2]) {
          const own = packets.filter((_, i) => sensorOf[i] === sensor);
          const one = newSensor(`s${sensor}`);
          one.see(...own);
          one.end();
          const other = observer(`s${sensor}`);
          const batch = batchOf(own);
          for (let row = 0; row < batch.length; row++) other.observe(batch, row, whole);
        }
        view.flush();
        const row = rows.find(({ size }) => size === 5);
        expect(row && [...row.values, row.completeness]).toEqual(rowsOf(whole)['network *']);
      }),
      { numRuns: 100 },
    );
  });

  it('waits for the slowest sensor, then emits by end and size', () => {
    const { rows, sensorOf, seen } = viewOf();
    const [a, b] = [sensorOf('a'), sensorOf('b')];
    b.see(packet(990));
    a.see(packet(1000), packet(1001), packet(1012));
    expect(rows).toEqual([]);
    b.see(packet(1002, '10.0.0.2'), packet(1010));
    expect(seen(5)).toEqual([
      [990, 1],
      [1000, 3],
    ]);
    a.see(packet(1040));
    b.see(packet(1041));
    expect(seen(30)).toEqual([[990, 6]]);
    expect(rows.every(({ sensorId, scope }) => sensorId === '*' && scope === 'network')).toBe(true);
  });

  it('does not wait for one that is silent, and counts what it brings too late', () => {
    const { view, sensorOf, seen } = viewOf(20e6);
    const [a, b] = [sensorOf('a'), sensorOf('b')];
    b.see(packet(1000));
    a.see(packet(1000));
    a.see(packet(1015));
    expect(seen(5)).toEqual([]);
    a.see(packet(1030));
    expect(seen(5)).toEqual([
      [1000, 1],
      [1015, 1],
    ]);
    expect(view.counters.latePackets).toBe(0);
    b.see(packet(1001), packet(1032));
    expect(view.counters.latePackets).toBe(2);
    // It is awake again, and waited for.
    a.see(packet(1045));
    expect(seen(5)).toHaveLength(2);
    b.see(packet(1046));
    expect(seen(5).at(-1)).toEqual([1030, 2]);
  });

  it('holds a bounded number of windows open', () => {
    const { view, sensorOf } = viewOf(1e12);
    sensorOf('slow').see(packet(1000));
    const fast = sensorOf('fast');
    for (let t = 1000; t < 2000; t += 5) fast.see(packet(t));
    expect(view.counters.forcedWindows).toBeGreaterThan(100);
    expect(view.counters.windows).toBe(view.counters.forcedWindows);
  });
});
