/**
 * A finished flow as numbers for the models. Nothing in it names a site: no address, no raw port, no
 * TTL, no absolute time; ports are classes of service. Counts and sizes are logarithms (ln(1 + x)),
 * so that a forest's bins are spent evenly; what does not apply is -1, told apart from 0.
 */
import { CONN_STATES, type FlowRecord, type Moments } from '../../contract/flow.ts';
import { TcpFlag } from '../wire/tcp.ts';

/** Of a flow, all that the vector looks at. */
export type VectorFlow = Omit<
  FlowRecord,
  | ('id' | 'sensorId' | 'srcIp' | 'dstIp' | 'srcMac' | 'dstMac' | 'vlan' | 'ttlFwd' | 'ttlBwd')
  | ('history' | 'endReason' | 'tlsSni' | 'ja4' | 'hassh' | 'communityId' | 'verdict')
>;

export interface FlowFeature {
  readonly name: string;
  readonly unit: string;
  readonly doc: string;
  readonly of: (flow: VectorFlow) => number;
}

/** Services with a feature of their own; the rest is `service_other`, unknown is none of them. */
const SERVICES = ['ssh', 'ftp', 'http', 'tls', 'dns', 'smtp', 'telnet', 'smb', 'rdp'] as const;
const NAMED = new Set<string>(SERVICES);

export const FLOW_FEATURES: readonly FlowFeature[] = [
  feature('duration', 'ln s', 'from first to last packet', (f) => Math.log1p(seconds(f))),
  feature('packets_fwd', 'ln', 'packets of the originator', (f) => Math.log1p(f.packetsFwd)),
  feature('packets_bwd', 'ln', 'packets of the responder', (f) => Math.log1p(f.packetsBwd)),
  feature('bytes_fwd', 'ln B', 'wire bytes of the originator', (f) => Math.log1p(f.bytesFwd)),
  feature('bytes_bwd', 'ln B', 'wire bytes of the responder', (f) => Math.log1p(f.bytesBwd)),
  feature('payload_fwd', 'ln B', 'payload of the originator', (f) => Math.log1p(f.payloadFwd)),
  feature('payload_bwd', 'ln B', 'payload of the responder', (f) => Math.log1p(f.payloadBwd)),
  feature('packet_rate', 'ln 1/s', 'packets per second, over at least 1 ms', (f) =>
    Math.log1p((f.packetsFwd + f.packetsBwd) / Math.max(0.001, seconds(f))),
  ),
  feature('byte_rate', 'ln B/s', 'wire bytes per second, over at least 1 ms', (f) =>
    Math.log1p((f.bytesFwd + f.bytesBwd) / Math.max(0.001, seconds(f))),
  ),
  feature('packet_share_fwd', '1', 'packets of the originator over all', (f) =>
    share(f.packetsFwd, f.packetsBwd),
  ),
  feature('byte_share_fwd', '1', 'wire bytes of the originator over all', (f) =>
    share(f.bytesFwd, f.bytesBwd),
  ),
  feature(
    'payload_share_fwd',
    '1',
    'payload of the originator over all; -1 without payload',
    (f) => (f.payloadFwd + f.payloadBwd === 0 ? -1 : share(f.payloadFwd, f.payloadBwd)),
  ),
  feature('payload_ratio_fwd', '1', 'payload over wire bytes of the originator', (f) =>
    f.bytesFwd === 0 ? -1 : f.payloadFwd / f.bytesFwd,
  ),
  feature('payload_ratio_bwd', '1', 'payload over wire bytes of the responder', (f) =>
    f.bytesBwd === 0 ? -1 : f.payloadBwd / f.bytesBwd,
  ),
  ...lengths(
    'fwd',
    'originator',
    (f) => f.lengthFwd,
    (f) => f.packetsFwd,
  ),
  ...lengths(
    'bwd',
    'responder',
    (f) => f.lengthBwd,
    (f) => f.packetsBwd,
  ),
  ...gaps(
    'fwd',
    'originator',
    (f) => f.gapFwd,
    (f) => f.packetsFwd,
  ),
  ...gaps(
    'bwd',
    'responder',
    (f) => f.gapBwd,
    (f) => f.packetsBwd,
  ),
  ...flags('fwd', 'originator', (f) => f.tcpFlagsFwd),
  ...flags('bwd', 'responder', (f) => f.tcpFlagsBwd),
  ...CONN_STATES.map((state) =>
    feature(`state_${state}`, '0/1', `conn_state is ${state}`, (f) => bit(f.connState === state)),
  ),
  feature('is_tcp', '0/1', 'protocol is TCP', (f) => bit(f.protocol === 'TCP')),
  feature('is_udp', '0/1', 'protocol is UDP', (f) => bit(f.protocol === 'UDP')),
  feature('is_icmp', '0/1', 'protocol is ICMP or ICMPv6', (f) =>
    bit(f.protocol.startsWith('ICMP')),
  ),
  ...SERVICES.map((service) =>
    feature(`service_${service}`, '0/1', `service is ${service}`, (f) =>
      bit(f.service === service),
    ),
  ),
  feature('service_other', '0/1', 'service is known and another', (f) =>
    bit(f.service !== null && !NAMED.has(f.service)),
  ),
  feature('is_well_known_port', '0/1', "responder's port is below 1,024", (f) =>
    bit(hasPorts(f) && f.dstPort < 1024),
  ),
  feature('is_source_port_low', '0/1', "originator's port is below 1,024", (f) =>
    bit(hasPorts(f) && f.srcPort < 1024),
  ),
  feature('is_validated', '0/1', 'three-way handshake seen', (f) => bit(f.isValidated)),
  feature('handshake', 'ln ms', 'SYN to the ACK that completes it; -1 without', (f) =>
    f.handshakeMicros === null ? -1 : Math.log1p(f.handshakeMicros / 1000),
  ),
  feature('connection_attempts', 'ln', 'SYNs of the originator', (f) =>
    Math.log1p(f.connectionAttempts),
  ),
  feature(
    'retransmission_ratio',
    '1',
    'retransmissions over packets',
    (f) => f.retransmissions / Math.max(1, f.packetsFwd + f.packetsBwd),
  ),
  feature('initial_window_fwd', 'ln', "originator's first window; -1 without", (f) =>
    f.protocol === 'TCP' && f.packetsFwd > 0 ? Math.log1p(f.initialWindowFwd) : -1,
  ),
  feature('initial_window_bwd', 'ln', "responder's first window; -1 without", (f) =>
    f.protocol === 'TCP' && f.packetsBwd > 0 ? Math.log1p(f.initialWindowBwd) : -1,
  ),
  feature(
    'first_payload_entropy',
    'bit',
    'entropy of the first payload of the originator; -1 without',
    (f) => (Number.isNaN(f.firstPayloadEntropy) ? -1 : f.firstPayloadEntropy),
  ),
];

export const FLOW_FEATURE_COUNT = FLOW_FEATURES.length;

/** Writes the vector to `out[offset, offset + FLOW_FEATURE_COUNT)`. Every number is finite. */
export function flowVector(flow: VectorFlow, out: Float64Array, offset = 0): void {
  for (let i = 0; i < FLOW_FEATURE_COUNT; i++) out[offset + i] = FLOW_FEATURES[i]!.of(flow);
}

type Side = 'fwd' | 'bwd';

function feature(name: string, unit: string, doc: string, of: FlowFeature['of']): FlowFeature {
  return { name, unit, doc, of };
}

function lengths(
  side: Side,
  who: string,
  moments: (flow: VectorFlow) => Moments,
  packets: (flow: VectorFlow) => number,
): FlowFeature[] {
  const value = (flow: VectorFlow, number: number) => (packets(flow) === 0 ? -1 : number);
  return [
    feature(`length_mean_${side}`, 'B', `mean packet length of the ${who}`, (f) =>
      value(f, moments(f).mean),
    ),
    feature(`length_std_${side}`, 'B', `its standard deviation`, (f) => value(f, moments(f).std)),
    feature(`length_min_${side}`, 'B', `the least of them`, (f) => value(f, moments(f).min)),
    feature(`length_max_${side}`, 'B', `the greatest of them`, (f) => value(f, moments(f).max)),
  ];
}

/** Where there are fewer than two packets there is no gap: -1. */
function gaps(
  side: Side,
  who: string,
  moments: (flow: VectorFlow) => Moments,
  packets: (flow: VectorFlow) => number,
): FlowFeature[] {
  const value = (flow: VectorFlow, micros: number) =>
    packets(flow) < 2 ? -1 : Math.log1p(micros / 1000);
  return [
    feature(`gap_mean_${side}`, 'ln ms', `mean time between packets of the ${who}`, (f) =>
      value(f, moments(f).mean),
    ),
    feature(`gap_std_${side}`, 'ln ms', `its standard deviation`, (f) => value(f, moments(f).std)),
    feature(`gap_min_${side}`, 'ln ms', `the least of them`, (f) => value(f, moments(f).min)),
    feature(`gap_max_${side}`, 'ln ms', `the greatest of them`, (f) => value(f, moments(f).max)),
  ];
}

function flags(side: Side, who: string, union: (flow: VectorFlow) => number): FlowFeature[] {
  return (['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const).map((name) =>
    feature(`${name.toLowerCase()}_${side}`, '0/1', `the ${who} sent ${name}`, (f) =>
      bit((union(f) & TcpFlag[name]) !== 0),
    ),
  );
}

function seconds(flow: VectorFlow): number {
  return Math.max(0, flow.lastSeenMicros - flow.firstSeenMicros) / 1e6;
}

function share(fwd: number, bwd: number): number {
  return fwd + bwd === 0 ? 0 : fwd / (fwd + bwd);
}

function hasPorts(flow: VectorFlow): boolean {
  return (flow.protocol === 'TCP' || flow.protocol === 'UDP') && flow.dstPort >= 0;
}

function bit(claim: boolean): number {
  return claim ? 1 : 0;
}
