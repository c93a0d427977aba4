/** Follows one TCP segment through a flow's columns: history, sequence numbers, states, handshake. */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { TcpFlag } from '../wire/tcp.ts';
import { FlowBit, type FlowColumns, NEVER } from './flow-columns.ts';
import { noteScaled, noteSegment } from './history.ts';
import { applySegment, type TcpPair, TcpState } from './tcp-state.ts';

/** Beyond this a sequence number of a SYN or RST is not believed. */
const TOO_LARGE_JUMP = 1 << 20;

/** A forged segment must hit both numbers of a conversation this closely: once in four million tries. */
const PROVEN_DISTANCE = 1 << 20;

/** What one segment did; one object, refilled for every segment. */
export interface SegmentFacts extends TcpPair {
  /** Payload at or before bytes that were already sent: retransmitted, or out of order. */
  isRetransmission: boolean;
  justEstablished: boolean;
  justValidated: boolean;
  /** Of a conversation with a completed handshake, by a sender that knows both sequence numbers. */
  isProven: boolean;
}

export function newSegmentFacts(): SegmentFacts {
  return {
    from: 0,
    fromBefore: 0,
    to: 0,
    toBefore: 0,
    isReversed: false,
    closes: false,
    isRetransmission: false,
    justEstablished: false,
    justValidated: false,
    isProven: false,
  };
}

/** `after` is the packet's time in µs since the flow's first packet. */
export function trackSegment(
  flows: FlowColumns,
  slot: number,
  side: number,
  batch: PacketBatch,
  row: number,
  after: number,
  facts: SegmentFacts,
): void {
  const peer = side ^ 1;
  const flags = batch.tcpFlags[row]!;
  const seq = batch.seq[row]!;
  const ack = batch.ack[row]!;
  const payload = Math.max(0, batch.payloadBytes[row]!);
  const hasAck = (flags & TcpFlag.ACK) !== 0;
  const isReset = (flags & TcpFlag.RST) !== 0;

  beginSide(flows, side, flags, seq, payload);
  noteSegment(flows, side, flags, seq, payload);
  const isZeroWindow =
    batch.tcpWindow[row] === 0 &&
    !isReset &&
    flows.state[peer] !== TcpState.CLOSED &&
    flows.state[side] !== TcpState.RESET;
  if (isZeroWindow) noteScaled(flows, side, 'W', flows.zeroWindowCount);
  if (hasAck) noteAck(flows, peer, ack, isReset);
  facts.isRetransmission = advanceSequence(flows, side, flags, seq, payload);
  if (facts.isRetransmission) noteScaled(flows, side, 'T', flows.retransmitCount);

  const wasEstablished = flows.openedAfter[slot] !== NEVER;
  facts.from = flows.state[side]!;
  facts.fromBefore = flows.stateBefore[side]!;
  facts.to = flows.state[peer]!;
  facts.toBefore = flows.stateBefore[peer]!;
  applySegment(facts, flags, payload, (side & 1) === 0, seq === flows.startSeq[side]);
  flows.state[side] = facts.from;
  flows.stateBefore[side] = facts.fromBefore;
  flows.state[peer] = facts.to;
  flows.stateBefore[peer] = facts.toBefore;

  if (hasAck) noteMissing(flows, peer, ack, side);
  // A FIN takes a sequence number, as if it were a byte.
  const taken = payload + (flags & TcpFlag.FIN ? 1 : 0);
  if (taken > 0 && !isReset) takeData(flows, side, flags & TcpFlag.SYN ? seq + 1 : seq, taken);
  if (facts.closes) {
    const bit = side & 1 ? FlowBit.RESPONDER_CLOSED : FlowBit.ORIGINATOR_CLOSED;
    flows.bits[slot] = flows.bits[slot]! | bit;
  }
  noteHandshake(flows, slot, side, flags, ack, after, facts);
  facts.isProven = proves(flows, slot, side, flags, seq, ack, taken, facts.justValidated);
  facts.justEstablished = !wasEstablished && flows.openedAfter[slot] !== NEVER;
}

/** Sequence numbers of a side that speaks for the first time, or whose SYN turns out to be another. */
function beginSide(
  flows: FlowColumns,
  side: number,
  flags: number,
  seq: number,
  payload: number,
): void {
  const isSyn = (flags & TcpFlag.SYN) !== 0;
  const state = flows.state[side]!;
  const isFirst = state === TcpState.INACTIVE;
  const restarts =
    isSyn && state !== TcpState.CLOSED && state !== TcpState.RESET && seq !== flows.startSeq[side];
  if (!isFirst && !restarts) return;
  const start = isSyn ? seq : (seq - 1) >>> 0;
  flows.startSeq[side] = start;
  flows.ackedSeq[side] = start;
  flows.lastSeq[side] = isSyn ? (seq + 1 + payload) >>> 0 : seq;
  flows.wholeSeq[side] = (start + 1) >>> 0;
  flows.aheadFrom[side] = 0;
  flows.aheadTo[side] = 0;
}

function noteAck(flows: FlowColumns, peer: number, ack: number, isReset: boolean): void {
  if (flows.state[peer] === TcpState.INACTIVE) {
    flows.startSeq[peer] = ack - 1;
    flows.ackedSeq[peer] = ack - 1;
    flows.lastSeq[peer] = ack - 1;
    flows.wholeSeq[peer] = ack;
    return;
  }
  if (isReset || ack === 0) return;
  if (((ack - flows.ackedSeq[peer]!) | 0) > 0) flows.ackedSeq[peer] = ack;
}

/** Moves the highest sequence number on; true where the segment carries only old bytes. */
function advanceSequence(
  flows: FlowColumns,
  side: number,
  flags: number,
  seq: number,
  payload: number,
): boolean {
  const isReset = (flags & TcpFlag.RST) !== 0;
  const control = (flags & TcpFlag.SYN ? 1 : 0) + (flags & TcpFlag.FIN ? 1 : 0);
  const end = (seq + control + (isReset ? 0 : payload)) >>> 0;
  const advance = (end - flows.lastSeq[side]!) | 0;
  if (flags & (TcpFlag.SYN | TcpFlag.RST) && Math.abs(advance) > TOO_LARGE_JUMP) return false;
  if (flags & TcpFlag.FIN && flows.lastSeq[side] === (flows.startSeq[side]! + 1) >>> 0) {
    flows.lastSeq[side] = end;
    return false;
  }
  if (flows.state[side] === TcpState.RESET) return false;
  if (advance > 0) {
    flows.lastSeq[side] = end;
    return false;
  }
  // The first segment of a side in mid-stream set `lastSeq` to its own start, so it is never old.
  return payload > 0 && !(flags & TcpFlag.SYN && seq === flows.startSeq[side]);
}

/** The other side acknowledges bytes that were not seen: a gap in what was captured. */
function noteMissing(flows: FlowColumns, sender: number, ack: number, side: number): void {
  const whole = flows.wholeSeq[sender]!;
  if (((ack - whole) | 0) <= 0) return;
  const senderState = flows.state[sender];
  // After RST nothing is sure.
  const isOpen =
    senderState === TcpState.ESTABLISHED ||
    senderState === TcpState.PARTIAL ||
    senderState === TcpState.CLOSED;
  const isSideOpen =
    flows.state[side] !== TcpState.RESET && flows.state[side] !== TcpState.INACTIVE;
  flows.wholeSeq[sender] = ack;
  if (flows.aheadFrom[sender] !== flows.aheadTo[sender]) {
    if (((flows.aheadTo[sender]! - ack) | 0) > 0 && ((flows.aheadFrom[sender]! - ack) | 0) <= 0)
      flows.wholeSeq[sender] = flows.aheadTo[sender]!;
    if (((flows.aheadFrom[sender]! - ack) | 0) <= 0)
      flows.aheadTo[sender] = flows.aheadFrom[sender]!;
  }
  if (isOpen && isSideOpen) noteScaled(flows, sender, 'G', flows.gapCount);
}

function takeData(flows: FlowColumns, side: number, from: number, bytes: number): void {
  const to = (from + bytes) >>> 0;
  const whole = flows.wholeSeq[side]!;
  if (((from - whole) | 0) > 0) {
    const isEmpty = flows.aheadFrom[side] === flows.aheadTo[side];
    if (isEmpty || ((from - flows.aheadFrom[side]!) | 0) < 0) flows.aheadFrom[side] = from;
    if (isEmpty || ((to - flows.aheadTo[side]!) | 0) > 0) flows.aheadTo[side] = to;
    return;
  }
  if (((to - whole) | 0) <= 0) return;
  flows.wholeSeq[side] = to;
  const hasAhead = flows.aheadFrom[side] !== flows.aheadTo[side];
  if (hasAhead && ((flows.aheadFrom[side]! - to) | 0) <= 0) {
    if (((flows.aheadTo[side]! - to) | 0) > 0) flows.wholeSeq[side] = flows.aheadTo[side]!;
    flows.aheadTo[side] = flows.aheadFrom[side]!;
  }
}

/**
 * A handshake is complete when the originator acknowledges the responder's SYN: it has seen a number
 * that only the holder of its address was sent. A connection met in mid-stream counts as open, never
 * as validated, nor does one inside a tunnel: whoever can send one tunnelled packet can send both directions.
 */
function noteHandshake(
  flows: FlowColumns,
  slot: number,
  side: number,
  flags: number,
  ack: number,
  after: number,
  facts: SegmentFacts,
): void {
  facts.justValidated = false;
  let isComplete = false;
  let bits = flows.bits[slot]!;
  const isOriginator = (side & 1) === 0;
  const isSyn = (flags & TcpFlag.SYN) !== 0;
  if (isSyn && isOriginator && !(flags & TcpFlag.ACK)) {
    bits |= FlowBit.SYN_SEEN;
    flows.attempts[slot] = flows.attempts[slot]! + 1;
  } else if (isSyn && !isOriginator && flags & TcpFlag.ACK) bits |= FlowBit.SYN_ACK_SEEN;
  else if (isOriginator && (flags & (TcpFlag.ACK | TcpFlag.RST)) === TcpFlag.ACK) {
    const expects = FlowBit.SYN_SEEN | FlowBit.SYN_ACK_SEEN;
    const peer = side ^ 1;
    const acknowledged = (ack - flows.startSeq[peer]! - 1) | 0;
    const isAnswer = acknowledged >= 0 && ((ack - flows.lastSeq[peer]!) | 0) <= 0;
    if ((bits & (expects | FlowBit.VALIDATED)) === expects && isAnswer) {
      isComplete = true;
      if ((bits & FlowBit.TUNNELLED) === 0) {
        bits |= FlowBit.VALIDATED;
        facts.justValidated = true;
      }
      if (flows.handshakeMicros[slot] === NEVER) flows.handshakeMicros[slot] = after;
    }
  }
  flows.bits[slot] = bits;
  if (flows.openedAfter[slot] !== NEVER) return;
  const isMidstream =
    (bits & FlowBit.SYN_SEEN) === 0 &&
    !isSyn &&
    (flags & (TcpFlag.ACK | TcpFlag.RST | TcpFlag.FIN)) === TcpFlag.ACK;
  if (isComplete || isMidstream) flows.openedAfter[slot] = after;
}

/**
 * The handshake proves who opened the connection, not who sent each later segment: the ports of somebody's
 * connection can be guessed. Only segments that fit move the numbers on, so that a forged one opens no door.
 */
function proves(
  flows: FlowColumns,
  slot: number,
  side: number,
  flags: number,
  seq: number,
  ack: number,
  taken: number,
  justValidated: boolean,
): boolean {
  if ((flows.bits[slot]! & FlowBit.VALIDATED) === 0) return false;
  const peer = side ^ 1;
  if (justValidated) {
    flows.provenSeq[side] = seq;
    flows.provenSeq[peer] = ack;
  } else if (
    (flags & TcpFlag.ACK) === 0 ||
    Math.abs((seq - flows.provenSeq[side]!) | 0) > PROVEN_DISTANCE ||
    Math.abs((ack - flows.provenSeq[peer]!) | 0) > PROVEN_DISTANCE
  )
    return false;
  const end = (seq + taken) >>> 0;
  if (((end - flows.provenSeq[side]!) | 0) > 0) flows.provenSeq[side] = end;
  return true;
}
