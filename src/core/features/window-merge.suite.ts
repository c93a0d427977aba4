/** Traffic of every kind for the tests of merging, and what a window's state says of it. */
import fc from 'fast-check';
import { AppEvent, type PacketBatch } from '../../contract/packet-batch.ts';
import type { WindowScope } from '../../contract/window.ts';
import { FlowTable } from '../flows/flow-table.ts';
import type { HandArp, HandPacket } from '../flows/packet-rows.suite.ts';
import { ArpSummary } from './arp-summary.ts';
import { ArpWatch } from './arp-watch.ts';
import { completenessOf } from './completeness.ts';
import { ConnectionSummary } from './connection-summary.ts';
import { rowOf } from './entity-table.ts';
import { type WindowLimits, WindowState } from './window-state.ts';
import { windowVector } from './window-vector.ts';

const START_S = 1000;
const START_MICROS = START_S * 1e6;

const IPV4 = fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.0.3');
const IPV6 = fc.constantFrom('2001:db8::1', '2001:db8::2');
const addresses = fc.oneof(fc.tuple(IPV4, IPV4), fc.tuple(IPV6, IPV6));
const tcp: fc.Arbitrary<Partial<HandPacket>> = fc.record({
  sport: fc.constantFrom(1000, 1001, 8080),
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
    AppEvent.TLS_CLIENT_HELLO,
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
const icmp: fc.Arbitrary<Partial<HandPacket>> = fc.record({
  protocol: fc.constant('ICMP' as const),
  icmpType: fc.constantFrom(0, 3, 8),
});
const ip = fc
  .tuple(fc.nat(4_999), addresses, fc.oneof(tcp, dns, icmp), fc.boolean())
  .map(([ms, [src, dst], { sport = 0, dport = 0, ...rest }, isBack]): HandPacket => {
    const ends = isBack
      ? { src: dst, dst: src, sport: dport, dport: sport }
      : { src, dst, sport, dport };
    return { t: START_S + ms / 1000, ...rest, ...ends };
  });
const arp = fc.record({
  t: fc.constantFrom(START_S + 0.5, START_S + 1, START_S + 4),
  op: fc.constantFrom(1 as const, 2 as const),
  hwsrc: fc.constantFrom(1, 2),
  psrc: fc.constantFrom('10.0.0.1', '10.0.0.2'),
  pdst: fc.constantFrom('10.0.0.1', '10.0.0.2'),
});

/** Packets of one 5 s window, in any order of time. */
export const traffic: fc.Arbitrary<(HandPacket | HandArp)[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: ip }, { weight: 1, arbitrary: arp }),
  { maxLength: 60 },
);

/** One who takes in packets, with tables of flows and of ARP of its own: a sensor, or a worker of one. */
export interface Observer {
  observe(batch: PacketBatch, row: number, state: WindowState): void;
}

export function observer(sensorId: string): Observer {
  const flows = new FlowTable({ sensorId, onEnd: () => {} });
  const watch = new ArpWatch();
  return {
    observe(batch, row, state) {
      const slot = flows.observe(batch, row);
      if (batch.arpOp[row]! >= 0) watch.observe(batch, row);
      state.observe(batch, row, flows, slot, watch);
    },
  };
}

export function newState(limits: Partial<WindowLimits> = {}): WindowState {
  const state = new WindowState({
    maxEntities: 1024,
    maxConnections: 8192,
    maxFacts: 65_536,
    ...limits,
  });
  state.reset(START_MICROS);
  return state;
}

/** Merges pairs named by `picks` until one is left. */
export function mergeAll(states: readonly WindowState[], picks: readonly number[]): WindowState {
  const left = [...states];
  for (let i = 0; left.length > 1; i++) {
    const [from] = left.splice((picks[i] ?? 0) % left.length, 1);
    const into = left[(picks[i] ?? 0) % left.length];
    if (from && into) into.merge(from);
  }
  return left[0] ?? newState();
}

/** Every row by name: its features, then its completeness. */
export function rowsOf(state: WindowState): Record<string, number[]> {
  const connections = new ConnectionSummary();
  const claims = new ArpSummary();
  const { entities } = state;
  connections.fill(state.conns, entities, START_MICROS);
  claims.fill(state.distinct, state.rows);
  const rows: Record<string, number[]> = {};
  const add = (scope: WindowScope, entity: number, name: string) => {
    const row = rowOf(scope, entity);
    if (state.rows.packets(row) === 0) return;
    const vector = windowVector(state, row, scope, 5, connections, claims);
    rows[`${scope} ${name}`] = [...vector, completenessOf(state, scope, entity)];
  };
  add('network', -1, '*');
  for (let entity = 0; entity < entities.length; entity++) {
    add('source', entity, entities.text(entity));
    add('target', entity, entities.text(entity));
  }
  return rows;
}
