/** A window's state merges: however the packets are divided among parts, the whole comes out. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppEvent, type PacketBatch } from '../../contract/packet-batch.ts';
import { FlowTable } from '../flows/flow-table.ts';
import { batchOf, type HandArp, type HandPacket } from '../flows/packet-rows.suite.ts';
import { ArpSummary } from './arp-summary.ts';
import { ArpWatch } from './arp-watch.ts';
import { ConnectionSummary } from './connection-summary.ts';
import { EXACT_LIMIT } from './distinct-counts.ts';
import { NETWORK_ROW, sourceRow, targetRow } from './entity-table.ts';
import { WindowState } from './window-state.ts';
import { windowVector } from './window-vector.ts';

const START = 1_000_000_000;
const LIMITS = { maxEntities: 1024, maxConnections: 8192, maxFacts: 65_536 };

const IPV4 = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3');
const IPV6 = fc.constantFrom('2001:db8::1', '2001:db8::2');
const addresses = fc.oneof(fc.tuple(IPV4, IPV4), fc.tuple(IPV6, IPV6));
const tcp: fc.Arbitrary<Partial<HandPacket>> = fc.record({
  sport: fc.constantFrom(1000, 1001, 1002),
  dport: fc.constantFrom(21, 22, 80, 81),
  flags: fc.constantFrom('S', 'SA', 'A', 'PA', 'FA', 'R'),
  seq: fc.nat(3),
  ack: fc.nat(3),
  len: fc.nat(5),
  events: fc.constantFrom(
    0,
    AppEvent.HTTP_REQUEST,
    AppEvent.HTTP_HEADERS_END,
    AppEvent.HTTP_LOGIN,
    AppEvent.FTP_REPLY,
  ),
  appCode: fc.constantFrom(-1, 530),
  httpStatus: fc.constantFrom(-1, 401),
});
const dns: fc.Arbitrary<Partial<HandPacket>> = fc.record(
  {
    protocol: fc.constant('UDP' as const),
    sport: fc.constantFrom(53, 5000),
    dport: fc.constantFrom(53, 5000),
    qname: fc.constantFrom('a.b.example.com', 'example.com', 'zxcvbnmasdfghjkl.example.org', ''),
    qtype: fc.constantFrom(1, 16),
    answerSize: fc.nat(500),
  },
  { requiredKeys: ['protocol', 'sport', 'dport', 'qname', 'qtype'] },
);
const ip = fc
  .tuple(fc.nat(4_999), addresses, fc.oneof(tcp, dns))
  .map(([ms, [src, dst], rest]): HandPacket => ({ t: 1000 + ms / 1000, src, dst, ...rest }));
const arp = fc.record({
  t: fc.constantFrom(1000.5, 1001, 1004),
  op: fc.constantFrom(1 as const, 2 as const),
  hwsrc: fc.constantFrom(1, 2),
  psrc: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  pdst: fc.constantFrom('10.0.0.1', '10.0.0.2'),
});
const traffic: fc.Arbitrary<(HandPacket | HandArp)[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: ip }, { weight: 1, arbitrary: arp }),
  { maxLength: 60 },
);

/** The packets in one pass through a flow table, each counted in the state that `partOf` names. */
function fill(batch: PacketBatch, states: WindowState[], partOf: (row: number) => number): void {
  const flows = new FlowTable({ sensorId: 's', onEnd: () => {}, maxFlows: 64 });
  const watch = new ArpWatch();
  for (let row = 0; row < batch.length; row++) {
    const slot = flows.observe(batch, row);
    if (batch.arpOp[row]! >= 0) watch.observe(batch, row);
    states[partOf(row)]!.observe(batch, row, flows, slot, watch);
  }
}

function newState(): WindowState {
  const state = new WindowState(LIMITS);
  state.reset(START);
  return state;
}

/** Every row's vector by name. */
function vectors(state: WindowState): Record<string, number[]> {
  const connections = new ConnectionSummary();
  const claims = new ArpSummary();
  const { entities } = state;
  connections.fill(state.conns, 2 * entities.length + 1, START);
  claims.fill(state.distinct);
  const of = (row: number, role: 'network' | 'source' | 'target') => [
    ...windowVector(state, row, role, 5, connections, claims),
  ];
  const result: Record<string, number[]> = { network: of(NETWORK_ROW, 'network') };
  for (let entity = 0; entity < entities.length; entity++) {
    result[`source ${entities.text(entity)}`] = of(sourceRow(entity), 'source');
    result[`target ${entities.text(entity)}`] = of(targetRow(entity), 'target');
  }
  return result;
}

it('is the same whole from any partition into parts, merged in any order', () => {
  fc.assert(
    fc.property(
      traffic,
      fc.array(fc.nat(4), { minLength: 60, maxLength: 60 }),
      fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }),
      (packets, parts, order) => {
        const batch = batchOf(packets);
        const whole = newState();
        fill(batch, [whole], () => 0);
        const states = [0, 1, 2, 3, 4].map(newState);
        fill(batch, states, (row) => parts[row]!);
        const merged = newState();
        for (const part of order) merged.merge(states[part]!);
        expect(vectors(merged)).toEqual(vectors(whole));
      },
    ),
    { numRuns: 300 },
  );
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
  const whole = newState();
  fill(batch, [whole], () => 0);
  const states = [newState(), newState(), newState()];
  fill(batch, states, (row) => (row < 100 ? 0 : 1 + (row % 2)));
  const merged = newState();
  for (const state of states) merged.merge(state);
  // Sources beyond `maxEntities` have no row, and which ones depends on the order; the network and the target have theirs.
  const [ofWhole, ofMerged] = [vectors(whole), vectors(merged)];
  expect(ofMerged.network).toEqual(ofWhole.network);
  expect(ofMerged['target 192.0.2.1']).toEqual(ofWhole['target 192.0.2.1']);
  const distinct = whole.distinct.count(whole.rows, NETWORK_ROW, 0);
  expect(Math.abs(distinct - count) / count).toBeLessThan(0.05);
  expect(whole.entityOverflow).toBe(count - LIMITS.maxEntities + 1);
});
