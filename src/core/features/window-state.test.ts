/** A window's state merges: however the packets are divided, and in whatever order and grouping the parts come together, the whole comes out. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureIndex } from '../../contract/features.ts';
import { AppEvent, type PacketBatch } from '../../contract/packet-batch.ts';
import { batchOf, type HandPacket } from '../flows/packet-rows.suite.ts';
import { EXACT_LIMIT } from './distinct-counts.ts';
import { NETWORK_ROW } from './entity-table.ts';
import { mergeAll, newState, observer, rowsOf, traffic } from './window-merge.suite.ts';
import type { WindowState } from './window-state.ts';

const PARTS = 5;
const picks = fc.array(fc.nat(100), { minLength: PARTS, maxLength: PARTS });
const NUM_RUNS = { numRuns: 150 };

function newParts(): WindowState[] {
  return Array.from({ length: PARTS }, () => newState());
}

/** Everything in one state, as one observer sees it. */
function wholeOf(batch: PacketBatch): WindowState {
  const whole = newState();
  const one = observer('s');
  for (let row = 0; row < batch.length; row++) one.observe(batch, row, whole);
  return whole;
}

describe('the parts of a window, merged in any order and grouping, are the whole', () => {
  it('where one observer counted each packet in any of them', () => {
    const places = fc.array(fc.nat(PARTS - 1), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(traffic, places, picks, (packets, partOf, order) => {
        const batch = batchOf(packets);
        const parts = newParts();
        const one = observer('s');
        for (let row = 0; row < batch.length; row++) one.observe(batch, row, parts[partOf[row]!]!);
        expect(rowsOf(mergeAll(parts, order))).toEqual(rowsOf(wholeOf(batch)));
      }),
      NUM_RUNS,
    );
  });

  it('where they are pieces of its time', () => {
    fc.assert(
      fc.property(traffic, picks, (packets, order) => {
        const batch = batchOf(packets.toSorted((a, b) => a.t - b.t));
        const parts = newParts();
        const one = observer('s');
        for (let row = 0; row < batch.length; row++)
          one.observe(batch, row, parts[Math.floor(batch.tsMicros[row]! / 1e6) - 1000]!);
        expect(rowsOf(mergeAll(parts, order))).toEqual(rowsOf(wholeOf(batch)));
      }),
      NUM_RUNS,
    );
  });

  it('where workers shared the packets by the pair of addresses, all ARP going to one of them', () => {
    fc.assert(
      fc.property(traffic, picks, fc.nat(100), (packets, order, salt) => {
        const batch = batchOf(packets);
        const parts = newParts();
        const workers = parts.map(() => observer('s'));
        for (let row = 0; row < batch.length; row++) {
          const pair = batch.src[4 * row + 3]! + batch.dst[4 * row + 3]!;
          const worker = batch.arpOp[row]! >= 0 ? 0 : (pair + salt) % PARTS;
          workers[worker]!.observe(batch, row, parts[worker]!);
        }
        expect(rowsOf(mergeAll(parts, order))).toEqual(rowsOf(wholeOf(batch)));
      }),
      NUM_RUNS,
    );
  });

  it('where several sensors saw packets each', () => {
    const places = fc.array(fc.nat(PARTS - 1), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(traffic, places, picks, (packets, sensorOf, order) => {
        const batch = batchOf(packets);
        const parts = newParts();
        const whole = newState();
        const apart = parts.map((_, sensor) => observer(`s${sensor}`));
        const together = parts.map((_, sensor) => observer(`s${sensor}`));
        for (let row = 0; row < batch.length; row++) {
          const sensor = sensorOf[row]!;
          apart[sensor]!.observe(batch, row, parts[sensor]!);
          together[sensor]!.observe(batch, row, whole);
        }
        expect(rowsOf(mergeAll(parts, order))).toEqual(rowsOf(whole));
      }),
      NUM_RUNS,
    );
  });
});

it('turns the rows of a connection round when its client shows itself, in the whole and in parts', () => {
  const client = { src: '10.0.0.1', dst: '192.0.2.1', sport: 80, dport: 40_000 };
  const server = { src: '192.0.2.1', dst: '10.0.0.1', sport: 40_000, dport: 80 };
  const packets: HandPacket[] = [
    { t: 1000, ...server, flags: 'A' },
    { t: 1001, ...client, flags: 'PA', len: 10, events: AppEvent.HTTP_REQUEST },
    { t: 1002, ...server, flags: 'PA', len: 20 },
    { t: 1003, ...server, flags: 'PA', len: 20 },
  ];
  const rows = rowsOf(wholeOf(batchOf(packets)));
  const packetsOf = (row: string) => rows[row]?.[featureIndex('total_packets')];
  // Three packets of the server, one of the client, whoever the ports made of them at first.
  expect(packetsOf('source 192.0.2.1')).toBe(3);
  expect(packetsOf('target 192.0.2.1')).toBe(1);
  expect(packetsOf('source 10.0.0.1')).toBe(1);
  expect(packetsOf('target 10.0.0.1')).toBe(3);
});

it('is the same whole where distinct counts have become sketches', () => {
  const count = 3 * EXACT_LIMIT;
  const packets = Array.from(
    { length: count },
    (_, i): HandPacket => ({
      t: 1000 + i / 100_000,
      src: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
      dst: '192.0.2.1',
      flags: 'S',
    }),
  );
  const batch = batchOf(packets);
  const large = { maxConnections: 16_384 };
  const whole = newState(large);
  const one = observer('s');
  for (let row = 0; row < batch.length; row++) one.observe(batch, row, whole);
  const states = [newState(large), newState(large), newState(large)];
  const other = observer('s');
  for (let row = 0; row < batch.length; row++)
    other.observe(batch, row, states[row < 100 ? 0 : 1 + (row % 2)]!);
  const merged = mergeAll(states, [1, 0]);
  // Sources beyond `maxEntities` have no row, and which ones depends on the order; the network and the target have theirs.
  const [ofWhole, ofMerged] = [rowsOf(whole), rowsOf(merged)];
  expect(ofMerged['network *']).toEqual(ofWhole['network *']);
  expect(ofMerged['target 192.0.2.1']).toEqual(ofWhole['target 192.0.2.1']);
  const distinct = whole.distinct.count(whole.rows, NETWORK_ROW, 0);
  expect(Math.abs(distinct - count) / count).toBeLessThan(0.05);
  expect(whole.entityOverflow).toBe(count - 1024 + 1);
});
