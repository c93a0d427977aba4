/** What of a packet that a flow table has just observed may interest a detector, and what it shows of it. */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { endpointKey } from '../detection/endpoint.ts';
import { type Observation, Sight } from '../detection/observation.ts';
import type { FlowTable } from '../flows/flow-table.ts';
import { TcpFlag } from '../wire/tcp.ts';

/** Of an SSH server, counted with those that only acknowledge: key exchange and the log-ins that one connection allows. */
const SSH_LOGIN_PACKETS = 64;

/** `Sight` bits of the packet that `flows` has just observed into `slot`. */
export function sightsOf(batch: PacketBatch, row: number, flows: FlowTable, slot: number): number {
  const flags = batch.tcpFlags[row]!;
  let bits = 0;
  if (flags < 0) {
    if (batch.ipVersion[row] !== 0) bits = Sight.DATAGRAM;
    else if (batch.arpOp[row]! >= 0) bits = Sight.ARP;
  } else if (
    (flags & TcpFlag.SYN) !== 0 ||
    flows.isNew ||
    flows.justValidated ||
    ((flags & TcpFlag.RST) !== 0 && flows.justClosed) ||
    isFirstAnswer(flows, slot)
  )
    bits = Sight.OPENING;
  if (flags >= 0 && batch.payloadBytes[row]! > 0) {
    if (isSshAnswer(flows, slot)) bits |= Sight.SSH_ANSWER;
    if (isFirstWord(batch, row, flows, slot)) bits |= Sight.FIRST_WORD;
  }
  if (batch.appEvents[row] !== 0) bits |= Sight.APPLICATION;
  if (batch.dnsQuery[row] === 1) bits |= Sight.DNS_QUERY;
  return bits;
}

/** Fills `seen` with the packet that `flows` has just observed into `slot`. */
export function observeInto(
  seen: Observation,
  batch: PacketBatch,
  row: number,
  flows: FlowTable,
  slot: number,
): void {
  const version = batch.ipVersion[row]!;
  seen.batch = batch;
  seen.row = row;
  seen.tsMicros = flows.nowMicros;
  seen.sourceKey = version === 0 ? -1 : endpointKey(batch.src, 4 * row, version);
  seen.targetKey = version === 0 ? -1 : endpointKey(batch.dst, 4 * row, version);
  seen.isNewFlow = flows.isNew;
  seen.isAttempt = flows.isConnectionAttempt;
  seen.isFromOriginator = flows.isFromOriginator;
  seen.isHandshakeEnd = flows.justValidated;
  seen.flowId = slot < 0 ? -1 : flows.flowId(slot);
  seen.isValidated = flows.isProven;
  seen.isFirstAnswer = isFirstAnswer(flows, slot);
}

export function emptyObservation(): Observation {
  return {
    batch: undefined as never,
    row: 0,
    tsMicros: 0,
    sourceKey: -1,
    targetKey: -1,
    flowId: -1,
    isNewFlow: false,
    isAttempt: false,
    isFromOriginator: false,
    isHandshakeEnd: false,
    isValidated: false,
    isFirstAnswer: false,
  };
}

function isFirstAnswer(flows: FlowTable, slot: number): boolean {
  return slot >= 0 && !flows.isFromOriginator && flows.packetsBwd(slot) === 1;
}

function isFirstWord(batch: PacketBatch, row: number, flows: FlowTable, slot: number): boolean {
  return slot >= 0 && flows.isFromOriginator && flows.payloadFwd(slot) === batch.payloadBytes[row]!;
}

function isSshAnswer(flows: FlowTable, slot: number): boolean {
  return (
    slot >= 0 &&
    !flows.isFromOriginator &&
    flows.isSsh(slot) &&
    flows.packetsBwd(slot) <= SSH_LOGIN_PACKETS
  );
}
