/** More addresses than rows: who keeps one, who gets one, and what their rows say of what they missed. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featureIndex } from '../../contract/features.ts';
import { PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { mix32 } from '../flows/flow-hash.ts';
import { addPacket, batchOf, type HandPacket } from '../flows/packet-rows.suite.ts';
import { mergeAll, newState, observer, rowsOf } from './window-merge.suite.ts';
import { featureOf, rowOf, runBatches } from './window-rows.suite.ts';

const TARGET = '192.0.2.80';
const SERVER = '192.0.2.10';
const PACKETS = featureIndex('total_packets');

/** A SYN from each of `count` made-up sources to one target, evenly over `seconds`. */
function addFlood(batch: PacketBatch, count: number, startS: number, seconds: number): void {
  for (let i = 0; i < count; i++) {
    const row = batch.addRow(Math.floor((startS + (i * seconds) / count) * 1e6), 60);
    batch.ipVersion[row] = 4;
    batch.src.set([0, 0, 0xffff, 0x0b000000 + (mix32(i) % 0xa0000000)], 4 * row);
    batch.dst.set([0, 0, 0xffff, 0xc0000250], 4 * row);
    batch.protocol[row] = Protocol.TCP;
    batch.ipProtocol[row] = 6;
    batch.srcPort[row] = 1024 + (i % 60_000);
    batch.dstPort[row] = 80;
    batch.tcpFlags[row] = 2;
  }
}

/** A host that sends `packets` datagrams to a server that answers each. */
function addTalk(batch: PacketBatch, host: string, packets: number, startS: number): void {
  for (let i = 0; i < packets; i++) {
    const t = startS + i / 1000;
    const ends = { protocol: 'UDP' as const, len: 100 };
    addPacket(batch, { t, src: host, dst: SERVER, sport: 5000, dport: 443, ...ends });
    addPacket(batch, { t, src: SERVER, dst: host, sport: 443, dport: 5000, ...ends });
  }
}

describe('a flood of 300,000 made-up sources in 5 s', () => {
  const HOSTS = Array.from({ length: 50 }, (_, i) => `10.1.0.${i + 1}`);
  const SOURCES = 300_000;
  const SENT = 20;
  /** What a host needs to be let in: its first packet may only end the lead of a made-up source. */
  const MISSED_AT_MOST = 3;
  const batch = new PacketBatch(SOURCES + 2 * SENT * HOSTS.length);
  addFlood(batch, SOURCES, 1000, 4.8);
  for (const host of HOSTS) addTalk(batch, host, SENT, 1004.9);
  // Flows and connections are not what this is about.
  const room = { maxFlows: 400_000, maxConnections: 400_000 };
  const { rows, windows } = runBatches([batch], room);

  it('leaves a row to every host that talks after it, with all it sent since it was let in', () => {
    for (const host of HOSTS) {
      // It sends and receives in turn: half of the packets that let it in are each.
      for (const scope of ['source', 'target'] as const) {
        const row = rowOf(rows, scope, host);
        const counted = featureOf(row, 'total_packets');
        expect(counted).toBeGreaterThanOrEqual(SENT - MISSED_AT_MOST);
        expect(counted).toBeLessThanOrEqual(SENT);
        expect(featureOf(row, 'total_bytes')).toBe(142 * counted);
        expect(featureOf(row, 'unique_dst_ips')).toBe(1);
        expect(featureOf(row, 'udp_dest_port_count')).toBe(1);
      }
    }
  });

  it('has an honest completeness: never more than was counted of what was sent, and not far below', () => {
    for (const host of HOSTS) {
      const row = rowOf(rows, 'source', host);
      expect(row.completeness).toBeLessThanOrEqual(featureOf(row, 'total_packets') / SENT);
      expect(row.completeness).toBeGreaterThan(0.5);
    }
  });

  it('leaves the rows of the target, the server and the network exact', () => {
    for (const [row, packets] of [
      [rowOf(rows, 'target', TARGET), SOURCES],
      [rowOf(rows, 'network'), SOURCES + 2 * SENT * HOSTS.length],
    ] as const) {
      expect(featureOf(row, 'total_packets')).toBe(packets);
      expect(featureOf(row, 'tcp_syn_count')).toBe(SOURCES);
      expect(featureOf(row, 'half_open_count')).toBe(SOURCES);
      expect(row.completeness).toBe(1);
    }
    const sources = featureOf(rowOf(rows, 'target', TARGET), 'unique_src_ips');
    expect(Math.abs(sources / SOURCES - 1)).toBeLessThan(0.05);
    expect(windows.counters.entityOverflow).toBeGreaterThan(SOURCES - 16_384);
  });

  it('puts no more rows into the window than there are places', () => {
    const sources = rows.filter(({ scope, size }) => scope === 'source' && size === 5);
    expect(sources.length).toBeLessThanOrEqual(16_384);
  });
});

it('keeps the heaviest: who talks during the flood from its beginning misses nothing', () => {
  const batch = new PacketBatch(50_000);
  addTalk(batch, '10.1.0.1', 10, 1000);
  addFlood(batch, 40_000, 1000.1, 4);
  addTalk(batch, '10.1.0.1', 10, 1004.5);
  const { rows } = runBatches([batch], { maxEntities: 1024 });
  const row = rowOf(rows, 'source', '10.1.0.1');
  expect(featureOf(row, 'total_packets')).toBe(20);
  expect(row.completeness).toBe(1);
});

it('says what a host missed that lost its row and came back', () => {
  const packet = (t: number, src: string): HandPacket => ({ t, src, dst: TARGET, flags: 'S' });
  const heavy = (src: string, from: number, packets: number) =>
    Array.from({ length: packets }, (_, i) => packet(from + i / 100, src));
  const state = newState({ maxEntities: 2 });
  const one = observer('s');
  const batch = batchOf([
    ...heavy('10.0.0.1', 1000, 3),
    ...heavy('10.0.0.2', 1001, 8),
    ...heavy('10.0.0.1', 1002, 20),
  ]);
  for (let row = 0; row < batch.length; row++) one.observe(batch, row, state);
  const row = rowsOf(state)['source 10.0.0.1'] ?? [];
  expect(row[PACKETS]).toBeLessThan(20);
  expect(row.at(-1)).toBeLessThanOrEqual(row[PACKETS]! / 23);
  expect(row.at(-1)).toBeGreaterThan(0.3);
});

it('never counts more than there was, nor claims more completeness, in parts or merged', () => {
  const address = fc.integer({ min: 1, max: 40 }).map((n) => `10.0.0.${Math.ceil(n / 3)}`);
  const packets = fc.array(
    fc.record({
      t: fc.integer({ min: 0, max: 4_999 }).map((ms) => 1000 + ms / 1000),
      src: address,
      dst: address,
      sport: fc.integer({ min: 1, max: 4 }),
      flags: fc.constantFrom('S', 'A'),
    }),
    { minLength: 30, maxLength: 150 },
  );
  const places = fc.array(fc.nat(2), { minLength: 150, maxLength: 150 });
  const limits = { maxEntities: 5 };
  fc.assert(
    fc.property(packets, places, (list, partOf) => {
      const batch = batchOf(list);
      const whole = newState();
      const small = newState(limits);
      const parts = [newState(limits), newState(limits), newState(limits)];
      const [a, b, c] = [observer('s'), observer('s'), observer('s')];
      for (let row = 0; row < batch.length; row++) {
        a.observe(batch, row, whole);
        b.observe(batch, row, small);
        c.observe(batch, row, parts[partOf[row]!]!);
      }
      const truth = rowsOf(whole);
      for (const state of [small, mergeAll(parts, [2, 0])]) {
        const rows = rowsOf(state);
        expect(rows['network *']).toEqual(truth['network *']);
        for (const [name, row] of Object.entries(rows)) {
          const packetsSeen = row[PACKETS]!;
          const packetsSent = truth[name]?.[PACKETS] ?? 0;
          expect(packetsSeen).toBeLessThanOrEqual(packetsSent);
          expect(row.at(-1)).toBeLessThanOrEqual(packetsSeen / packetsSent + 1e-12);
        }
      }
    }),
    { numRuns: 300 },
  );
});
