/** Zeek's `conn_state` of a finished flow. */
import type { ConnState } from '../../contract/flow.ts';
import { Protocol } from '../../contract/packet-batch.ts';
import { TcpState } from './tcp-state.ts';

/** Originator's SYN, then its RST, with nothing in between that says more. */
const SYN_THEN_RESET = /^\^?S[^HAFGIQ]*R/;

export function tcpConnState(
  originator: number,
  responder: number,
  history: string,
  hasPayload: boolean,
): ConnState {
  const originatorSilent = originator === TcpState.INACTIVE || originator === TcpState.PARTIAL;
  const responderSilent = responder === TcpState.INACTIVE || responder === TcpState.PARTIAL;
  if (responder === TcpState.RESET) {
    const isRejected =
      originator === TcpState.SYN_SENT ||
      originator === TcpState.SYN_ACK_SENT ||
      (originator === TcpState.RESET && !hasPayload);
    if (isRejected) return 'REJ';
    return originatorSilent ? 'RSTRH' : 'RSTR';
  }
  if (originator === TcpState.RESET) {
    if (!responderSilent) return 'RSTO';
    return SYN_THEN_RESET.test(history) ? 'RSTOS0' : 'OTH';
  }
  if (originator === TcpState.CLOSED) {
    if (responder === TcpState.CLOSED) return 'SF';
    return responderSilent ? 'SH' : 'S2';
  }
  if (responder === TcpState.CLOSED) return originatorSilent ? 'SHR' : 'S3';
  if (originator === TcpState.SYN_SENT && responder === TcpState.INACTIVE) return 'S0';
  if (originator === TcpState.ESTABLISHED && responder === TcpState.ESTABLISHED) return 'S1';
  return 'OTH';
}

/** UDP and ICMP: who spoke. ICMP error messages are answered by nobody and other protocols have no states: OTH. */
export function datagramConnState(
  protocol: number,
  isOneWay: boolean,
  packetsFwd: number,
  packetsBwd: number,
): ConnState {
  if (isOneWay || protocol === Protocol.OTHER || protocol === Protocol.TCP) return 'OTH';
  if (packetsFwd === 0) return 'SHR';
  return packetsBwd === 0 ? 'S0' : 'SF';
}
