/** What a flow's columns come to when it ends: the record that leaves the table. */
import type { FlowRecord, Moments } from '../../contract/flow.ts';
import { PROTOCOLS, Protocol } from '../../contract/packet-batch.ts';
import { formatIp, formatMac } from '../wire/address.ts';
import { communityIdOf } from '../wire/community-id.ts';
import { datagramConnState, tcpConnState } from './conn-state.ts';
import { FlowBit, type FlowColumns, NEVER } from './flow-columns.ts';
import { historyText } from './history.ts';
import { serviceByPort, serviceName } from './services.ts';
import { TcpState } from './tcp-state.ts';

export type EndReason = FlowRecord['endReason'];

/** Names that a flow's packets carried. */
export interface FlowTexts {
  readonly tlsSni: string | null;
  readonly ja4: string | null;
  readonly hassh: string | null;
}

export function flowRecord(
  flows: FlowColumns,
  slot: number,
  sensorId: string,
  endReason: EndReason,
  texts: FlowTexts | undefined,
): FlowRecord {
  const fwd = 2 * slot;
  const bwd = fwd + 1;
  const protocol = flows.protocol[slot]!;
  const ipVersion = flows.ipVersion[slot]!;
  const srcPort = flows.port[fwd]!;
  const dstPort = flows.port[bwd]!;
  const history = historyText(flows, slot);
  const handshake = flows.handshakeMicros[slot]!;
  const bits = flows.bits[slot]!;
  return {
    id: flows.id[slot]!,
    sensorId,
    firstSeenMicros: flows.firstSeen[slot]!,
    lastSeenMicros: flows.lastSeen[slot]!,
    srcIp: formatIp(flows.address, 4 * fwd, ipVersion),
    dstIp: formatIp(flows.address, 4 * bwd, ipVersion),
    srcPort,
    dstPort,
    protocol: PROTOCOLS[protocol] ?? 'OTHER',
    srcMac: macText(flows.mac[fwd]!),
    dstMac: macText(flows.mac[bwd]!),
    vlan: flows.vlan[slot]! < 0 ? null : flows.vlan[slot]!,
    packetsFwd: flows.packets[fwd]!,
    packetsBwd: flows.packets[bwd]!,
    bytesFwd: flows.bytes[fwd]!,
    bytesBwd: flows.bytes[bwd]!,
    payloadFwd: flows.payload[fwd]!,
    payloadBwd: flows.payload[bwd]!,
    tcpFlagsFwd: flows.flags[fwd]!,
    tcpFlagsBwd: flows.flags[bwd]!,
    connState: connStateOf(flows, slot, history),
    history,
    endReason,
    service: serviceName(flows.service[slot]!) ?? serviceByPort(protocol, dstPort),
    connectionAttempts: flows.attempts[slot]!,
    isValidated: (bits & FlowBit.VALIDATED) !== 0,
    handshakeMicros: handshake === NEVER ? null : handshake,
    retransmissions: flows.retransmissions[slot]!,
    ttlFwd: flows.ttl[fwd]!,
    ttlBwd: flows.ttl[bwd]!,
    initialWindowFwd: flows.window[fwd]!,
    initialWindowBwd: flows.window[bwd]!,
    lengthFwd: lengthMoments(flows, fwd),
    lengthBwd: lengthMoments(flows, bwd),
    gapFwd: gapMoments(flows, fwd),
    gapBwd: gapMoments(flows, bwd),
    firstPayloadEntropy: flows.entropy[slot]!,
    tlsSni: texts?.tlsSni ?? null,
    ja4: texts?.ja4 ?? null,
    hassh: texts?.hassh ?? null,
    communityId: communityIdOfFlow(flows, slot),
    verdict: null,
  };
}

function connStateOf(flows: FlowColumns, slot: number, history: string) {
  const fwd = 2 * slot;
  const isSegmented =
    flows.protocol[slot] === Protocol.TCP &&
    (flows.state[fwd] !== TcpState.INACTIVE || flows.state[fwd + 1] !== TcpState.INACTIVE);
  if (isSegmented) {
    const hasPayload = flows.payload[fwd]! + flows.payload[fwd + 1]! > 0;
    return tcpConnState(flows.state[fwd]!, flows.state[fwd + 1]!, history, hasPayload);
  }
  return datagramConnState(
    flows.protocol[slot]!,
    (flows.bits[slot]! & FlowBit.ONE_WAY) !== 0,
    flows.packets[fwd]!,
    flows.packets[fwd + 1]!,
  );
}

function macText(mac: number): string | null {
  return mac < 0 ? null : formatMac(mac);
}

function communityIdOfFlow(flows: FlowColumns, slot: number): string | null {
  return communityIdOf({
    ipVersion: flows.ipVersion[slot]!,
    src: flows.address,
    srcOffset: 8 * slot,
    dst: flows.address,
    dstOffset: 8 * slot + 4,
    number: flows.ipProtocol[slot]!,
    srcPort: flows.port[2 * slot]!,
    dstPort: flows.port[2 * slot + 1]!,
    isOneWay: (flows.bits[slot]! & FlowBit.ONE_WAY) !== 0,
  });
}

/** Of no packets or gaps: shared by all flows. */
const NOTHING: Moments = { mean: 0, std: 0, min: 0, max: 0 };

/** Population moments, from the sums. */
function moments(count: number, sum: number, squares: number, min: number, max: number): Moments {
  if (count === 0) return NOTHING;
  const mean = sum / count;
  return { mean, std: Math.sqrt(Math.max(0, squares / count - mean * mean)), min, max };
}

function lengthMoments(flows: FlowColumns, side: number): Moments {
  return moments(
    flows.packets[side]!,
    flows.bytes[side]!,
    flows.lengthSquares[side]!,
    flows.lengthMin[side]!,
    flows.lengthMax[side]!,
  );
}

function gapMoments(flows: FlowColumns, side: number): Moments {
  const gaps = Math.max(0, flows.packets[side]! - 1);
  const sum = flows.lastAfter[side]! - flows.firstAfter[side]!;
  return moments(gaps, sum, flows.gapSquares[side]!, flows.gapMin[side]!, flows.gapMax[side]!);
}
