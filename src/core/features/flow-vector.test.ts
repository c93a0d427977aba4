import { expect, it } from 'vitest';
import type { FlowRecord } from '../../contract/flow.ts';
import { FlowTable } from '../flows/flow-table.ts';
import { batchOf, type HandPacket } from '../flows/packet-rows.suite.ts';
import { FLOW_FEATURE_COUNT, FLOW_FEATURES, flowVector } from './flow-vector.ts';

function flowsOf(packets: HandPacket[], sensorId = 's'): FlowRecord[] {
  const flows: FlowRecord[] = [];
  const table = new FlowTable({ sensorId, onEnd: (flow) => flows.push(flow) });
  const batch = batchOf(packets);
  for (let row = 0; row < batch.length; row++) table.observe(batch, row);
  table.flush();
  return flows;
}

function named(flow: FlowRecord): Record<string, number> {
  const out = new Float64Array(FLOW_FEATURE_COUNT);
  flowVector(flow, out);
  return Object.fromEntries(FLOW_FEATURES.map(({ name }, i) => [name, out[i]!]));
}

function connection(t: number, client: string, server: string, sport = 40_000): HandPacket[] {
  const up = { src: client, dst: server, sport, dport: 22 };
  const down = { src: server, dst: client, sport: 22, dport: sport };
  return [
    { t, ...up, flags: 'S', seq: 1 },
    { t: t + 0.1, ...down, flags: 'SA', seq: 9, ack: 2 },
    { t: t + 0.2, ...up, flags: 'A', seq: 2, ack: 10 },
    { t: t + 0.6, ...up, flags: 'PA', seq: 2, ack: 10, len: 100, entropy: 5 },
  ];
}

it('says what the flow was', () => {
  const [flow] = flowsOf(connection(1000, '10.0.0.1', '10.0.0.2'));
  expect(named(flow!)).toMatchObject({
    duration: Math.log1p(0.6),
    packets_fwd: Math.log1p(3),
    packet_share_fwd: 0.75,
    payload_share_fwd: 1,
    payload_ratio_fwd: 100 / 262,
    length_max_fwd: 154,
    length_std_bwd: 0,
    gap_min_fwd: Math.log1p(200),
    gap_mean_bwd: -1,
    syn_fwd: 1,
    fin_fwd: 0,
    state_S1: 1,
    state_SF: 0,
    service_ssh: 1,
    service_other: 0,
    is_well_known_port: 1,
    is_validated: 1,
    handshake: Math.log1p(200),
    connection_attempts: Math.log1p(1),
    first_payload_entropy: 5,
  });
});

it('does not see addresses, ephemeral ports, the sensor or the date', () => {
  const [here] = flowsOf(connection(1000, '10.0.0.1', '10.0.0.2'));
  const [there] = flowsOf(connection(900_000_000, '2001:db8::5', '2001:db8::6', 51_234), 'other');
  expect(named(there!)).toEqual(named(here!));
});

it('is finite for a flow with one side and no payload', () => {
  const [flow] = flowsOf([
    { t: 1, src: '10.0.0.1', dst: '10.0.0.2', protocol: 'ICMP', icmpType: 3 },
  ]);
  expect(Object.entries(named(flow!)).filter(([, value]) => !Number.isFinite(value))).toEqual([]);
});

it('has names that are all different', () => {
  expect(new Set(FLOW_FEATURES.map(({ name }) => name)).size).toBe(FLOW_FEATURE_COUNT);
});
