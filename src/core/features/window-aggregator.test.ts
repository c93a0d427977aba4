import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../../contract/packet-batch.ts';
import type { WindowRow } from '../../contract/window.ts';
import { FlowTable } from '../flows/flow-table.ts';
import { addPacket, batchOf, type HandPacket } from '../flows/packet-rows.suite.ts';
import { WindowAggregator } from './window-aggregator.ts';
import { featureOf, rowOf, runBatches, runPackets } from './window-rows.suite.ts';

const packet = (t: number, src = '10.0.0.1', dport = 80): HandPacket => ({
  t,
  src,
  dst: '192.0.2.1',
  sport: 40_000,
  dport,
  flags: 'S',
});

describe('time', () => {
  it('aligns windows to the epoch and emits by end, then size, then scope and address', () => {
    const { rows } = runPackets([
      packet(4.9, '10.0.0.2'),
      packet(5, '10.0.0.1'),
      packet(29),
      packet(31),
    ]);
    const order = rows.map(
      (row) => `${row.startMicros / 1e6}+${row.size} ${row.scope} ${row.entity}`,
    );
    expect(order).toEqual([
      ...['network *', 'source 10.0.0.2', 'target 192.0.2.1'].map((what) => `0+5 ${what}`),
      ...['network *', 'source 10.0.0.1', 'target 192.0.2.1'].map((what) => `5+5 ${what}`),
      ...['network *', 'source 10.0.0.1', 'target 192.0.2.1'].map((what) => `25+5 ${what}`),
      ...['network *', 'source 10.0.0.1', 'source 10.0.0.2', 'target 192.0.2.1'].map(
        (what) => `0+30 ${what}`,
      ),
      ...['network *', 'source 10.0.0.1', 'target 192.0.2.1'].map((what) => `30+5 ${what}`),
      ...['network *', 'source 10.0.0.1', 'target 192.0.2.1'].map((what) => `30+30 ${what}`),
      ...['network *', 'source 10.0.0.1', 'source 10.0.0.2', 'target 192.0.2.1'].map(
        (what) => `0+180 ${what}`,
      ),
    ]);
  });

  it('merges 30 s and 180 s from their parts, and never mixes neighbours', () => {
    const packets = Array.from({ length: 40 }, (_, i) => packet(1000 + 10 * i, '10.0.0.1', 80 + i));
    const { rows } = runPackets(packets);
    const network = rows.filter((row) => row.scope === 'network');
    for (const size of [5, 30, 180]) {
      const some = network.filter((row) => row.size === size);
      expect(some.reduce((sum, row) => sum + featureOf(row, 'total_packets'), 0)).toBe(40);
      for (const row of some)
        expect(featureOf(row, 'total_packets')).toBe(
          packets.filter(({ t }) => t * 1e6 >= row.startMicros && t < row.startMicros / 1e6 + size)
            .length,
        );
    }
  });

  it('takes packets within the allowed lateness and counts later ones', () => {
    const { rows, windows } = runPackets([
      packet(1004, '10.0.0.1', 1),
      packet(1006.9, '10.0.0.1', 2),
      packet(1004.5, '10.0.0.1', 3),
      packet(1007, '10.0.0.1', 4),
      packet(1004.6, '10.0.0.1', 5),
    ]);
    expect(featureOf(rowOf(rows, 'network', '*', 5, 1000), 'total_packets')).toBe(2);
    expect(windows.counters.latePackets).toBe(1);
    expect(rowOf(rows, 'network', '*', 5, 1000).completeness).toBe(1);
    expect(rowOf(rows, 'network', '*', 30).completeness).toBeCloseTo(4 / 5);
    expect(rowOf(rows, 'network', '*', 180).completeness).toBeCloseTo(4 / 5);
  });

  it('counts packets behind the latest that are in time as out of order, not as late', () => {
    const { windows } = runPackets([packet(1004), packet(1003.9), packet(1005), packet(1003.5)]);
    expect(windows.counters).toMatchObject({ latePackets: 0, outOfOrderPackets: 2 });
  });

  it('is not moved by one packet with a broken timestamp', () => {
    const { rows, windows } = runPackets([
      packet(1000),
      packet(9_000_000),
      packet(1001),
      packet(8_000_000),
      packet(1002),
      packet(20_000),
      packet(20_001),
    ]);
    expect(windows.counters.latePackets).toBe(0);
    expect(featureOf(rowOf(rows, 'network', '*', 5, 1000), 'total_packets')).toBe(3);
    expect(featureOf(rowOf(rows, 'network', '*', 5, 20_000), 'total_packets')).toBe(2);
  });

  it('holds few windows open, however far off the timestamps are', () => {
    const packets = Array.from({ length: 50 }, (_, i) => [
      packet(1000 + i / 10),
      packet(1e7 * (i + 1)),
    ]);
    const { windows } = runPackets(packets.flat());
    expect(windows.counters.latePackets).toBe(50 - 3);
  });

  it('holds the last flow of a connection over windows it spans', () => {
    const handshake: HandPacket[] = [
      { ...packet(1000), seq: 1 },
      {
        t: 1000.1,
        src: '192.0.2.1',
        dst: '10.0.0.1',
        sport: 80,
        dport: 40_000,
        flags: 'SA',
        seq: 7,
        ack: 2,
      },
      { ...packet(1000.2), flags: 'A', seq: 2, ack: 8 },
      { ...packet(1012), flags: 'PA', seq: 2, ack: 8, len: 5 },
    ];
    const { rows } = runPackets(handshake);
    const later = rowOf(rows, 'source', '10.0.0.1', 5, 1010);
    expect(featureOf(later, 'open_conn_count')).toBe(1);
    expect(featureOf(later, 'avg_conn_duration')).toBeCloseTo(12);
    expect(featureOf(later, 'tcp_ports_hit')).toBe(0);
  });
});

describe('completeness', () => {
  it('falls by what the kernel dropped', () => {
    const batch = batchOf([packet(1000), packet(1001), packet(1002)]);
    batch.kernelDrops = 1;
    const { rows, windows } = runBatches([batch]);
    expect(rowOf(rows, 'network').completeness).toBe(0.75);
    expect(windows.counters.droppedPackets).toBe(1);
  });

  it('falls in every window that the batch reaches into, for all its entities, and in all by what was dropped', () => {
    const batch = batchOf([packet(1001), packet(1002), packet(1006), packet(1007), packet(1011)]);
    batch.kernelDrops = 7;
    const { rows, windows } = runBatches([batch]);
    const lost = (size: number, startS: number) => {
      const { completeness } = rowOf(rows, 'network', '*', size, startS);
      const seen = featureOf(rowOf(rows, 'network', '*', size, startS), 'total_packets');
      return Math.round(seen / completeness - seen);
    };
    expect([lost(5, 1000), lost(5, 1005), lost(5, 1010)]).toEqual([2, 3, 2]);
    expect(lost(30, 990)).toBe(7);
    expect(windows.counters.droppedPackets).toBe(7);
    const { completeness } = rowOf(rows, 'network', '*', 5, 1000);
    expect(completeness).toBe(0.5);
    expect(rowOf(rows, 'source', '10.0.0.1', 5, 1000).completeness).toBe(completeness);
    expect(rowOf(rows, 'target', '192.0.2.1', 5, 1000).completeness).toBe(completeness);
  });

  it('falls by drops that come with late packets, in the windows still open', () => {
    const late = batchOf([packet(1001)]);
    late.kernelDrops = 4;
    const { rows, windows } = runBatches([batchOf([packet(1000), packet(1012)]), late]);
    expect(windows.counters).toMatchObject({ latePackets: 1, droppedPackets: 4 });
    expect(rowOf(rows, 'network', '*', 5, 1000).completeness).toBe(1);
    expect(rowOf(rows, 'network', '*', 30, 990).completeness).toBeCloseTo(2 / 7);
  });

  it('does not fall for entities that have had a row all the time; packets of those that have none are counted', () => {
    const packets = Array.from({ length: 10 }, (_, i) => packet(1000 + i / 10, `10.0.0.${i + 1}`));
    const { rows, windows } = runPackets(packets, { maxEntities: 3 });
    expect(rows.filter((row) => row.size === 5).map((row) => row.entity)).toEqual([
      '*',
      '10.0.0.1',
      '10.0.0.2',
      '192.0.2.1',
    ]);
    expect(featureOf(rowOf(rows, 'network'), 'unique_src_ips')).toBe(10);
    expect(rowOf(rows, 'network').completeness).toBe(1);
    expect(rowOf(rows, 'target', '192.0.2.1').completeness).toBe(1);
    expect(windows.counters.entityOverflow).toBe(8);
  });

  describe('by packets that were lost on the way', () => {
    /** One packet at each of these times; `lost` packets were lost before the one at `untilS`. */
    function runWithGap(times: readonly number[], untilS: number, lost: number) {
      const rows: WindowRow[] = [];
      const windows = new WindowAggregator({ sensorId: 's', onRow: (row) => rows.push(row) });
      const flows = new FlowTable({ sensorId: 's', onEnd: () => {} });
      for (const t of times) {
        if (t === untilS) windows.miss(lost, flows.clockMicros, t * 1e6);
        windows.observe(batchOf([packet(t)]), 0, flows, flows.observe(batchOf([packet(t)]), 0));
      }
      windows.flush();
      const lostIn = (size: number, startS: number) => {
        const row = rowOf(rows, 'network', '*', size, startS);
        const seen = featureOf(row, 'total_packets');
        return Math.round(seen / row.completeness - seen);
      };
      return { lostIn, windows, rows };
    }

    it('falls evenly over the time of the gap', () => {
      const { lostIn, windows } = runWithGap([1000, 1004, 1012, 1013], 1012, 80);
      expect([lostIn(5, 1000), lostIn(5, 1010)]).toEqual([10, 20]);
      expect([lostIn(30, 990), lostIn(180, 900)]).toEqual([80, 80]);
      expect(windows.counters).toMatchObject({ missedPackets: 80, latePackets: 0 });
    });

    it('reaches longer windows through parts that have no packet left', () => {
      const { lostIn, rows } = runWithGap([1000, 1070], 1070, 70);
      expect([lostIn(30, 990), lostIn(30, 1050), lostIn(180, 900)]).toEqual([20, 20, 70]);
      // No row stands for windows nothing is known of.
      expect(rows.filter(({ scope, size }) => scope === 'network' && size === 30)).toHaveLength(2);
    });

    it('falls at the beginning where the gap is too long or runs backwards', () => {
      expect(runWithGap([1000, 9000], 9000, 7).lostIn(5, 1000)).toBe(7);
      expect(runWithGap([1000, 999.5], 999.5, 7).lostIn(5, 1000)).toBe(7);
    });

    it('does not move time on: nothing that follows is late', () => {
      const { windows } = runWithGap([1000, 1030, 1029, 1028.5], 1030, 1000);
      expect(windows.counters.latePackets).toBe(0);
    });
  });

  it('falls when flows are evicted', () => {
    const packets = Array.from({ length: 10 }, (_, i) => packet(1000 + i / 10, '10.0.0.1', i + 1));
    const { rows } = runPackets(packets, { maxFlows: 5 });
    expect(rowOf(rows, 'network').completeness).toBeCloseTo(10 / 15);
  });
});

it('gives the same rows however the packets are batched', () => {
  const traffic = fc.array(
    fc.record({
      gap: fc.integer({ min: -3000, max: 9000 }),
      src: fc.integer({ min: 1, max: 4 }),
      dport: fc.constantFrom(22, 23, 80),
    }),
    { minLength: 1, maxLength: 50 },
  );
  fc.assert(
    fc.property(
      traffic,
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 50 }),
      (list, sizes) => {
        let t = 100_000;
        const packets = list.map(({ gap, src, dport }) => {
          t += gap;
          return packet(t / 1000, `10.0.0.${src}`, dport);
        });
        const batches: PacketBatch[] = [];
        for (let from = 0, i = 0; from < packets.length; from += sizes[i++]!) {
          const batch = new PacketBatch(8);
          for (const each of packets.slice(from, from + sizes[i]!)) addPacket(batch, each);
          batches.push(batch);
        }
        const options = { maxEntities: 3, maxFlows: 6 };
        expect(runBatches(batches, options)).toEqual(
          expect.objectContaining({ rows: runPackets(packets, options).rows }),
        );
      },
    ),
  );
});
