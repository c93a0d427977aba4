/**
 * The states of one side of a TCP connection and how a segment changes them, with Zeek's meaning of
 * the states so that `conn_state` comes out as its users know it. The connection's state is the pair.
 */
import { TcpFlag } from '../wire/tcp.ts';

export const TcpState = {
  /** Has sent nothing. */
  INACTIVE: 0,
  SYN_SENT: 1,
  /** Sent a SYN-ACK first: the other side's SYN was not seen. */
  SYN_ACK_SENT: 2,
  /** Seen in mid-stream, without its SYN. */
  PARTIAL: 3,
  ESTABLISHED: 4,
  /** Has sent FIN. */
  CLOSED: 5,
  /** Has sent RST. */
  RESET: 6,
} as const;

/** Both sides of one connection; `from` is the side that sends the segment. */
export interface TcpPair {
  from: number;
  fromBefore: number;
  to: number;
  toBefore: number;
  /** The segment shows that the roles are the other way round: SYN after its own SYN-ACK. */
  isReversed: boolean;
  /** The segment closes the sender's side. */
  closes: boolean;
}

/** Applies one segment. `isFirstSyn`: its sequence number is the one that the sender's SYN is known to have. */
export function applySegment(
  pair: TcpPair,
  flags: number,
  payloadBytes: number,
  isOriginator: boolean,
  isFirstSyn: boolean,
): void {
  pair.isReversed = false;
  pair.closes = false;
  switch (pair.from) {
    case TcpState.INACTIVE:
      fromInactive(pair, flags, payloadBytes, isOriginator, isFirstSyn);
      break;
    case TcpState.SYN_SENT:
    case TcpState.SYN_ACK_SENT:
      if (flags & TcpFlag.FIN) close(pair, TcpState.CLOSED);
      if (flags & TcpFlag.RST) close(pair, TcpState.RESET);
      break;
    case TcpState.ESTABLISHED:
    case TcpState.PARTIAL:
      fromEstablished(pair, flags);
      break;
    case TcpState.CLOSED:
      // A reset after both sides' FIN changes nothing any more.
      if (flags & TcpFlag.RST && pair.to !== TcpState.CLOSED) close(pair, TcpState.RESET);
      break;
    default: // RESET is final
  }
}

function fromInactive(
  pair: TcpPair,
  flags: number,
  payloadBytes: number,
  isOriginator: boolean,
  isFirstSyn: boolean,
): void {
  const hasAck = (flags & TcpFlag.ACK) !== 0;
  if (flags & TcpFlag.SYN) {
    if (isOriginator) enter(pair, hasAck ? TcpState.SYN_ACK_SENT : TcpState.SYN_SENT);
    else {
      if (!hasAck && pair.to === TcpState.SYN_ACK_SENT && isFirstSyn) {
        pair.isReversed = true;
        enterPeer(pair, TcpState.ESTABLISHED);
      } else if (pair.to === TcpState.SYN_SENT) enterPeer(pair, TcpState.ESTABLISHED);
      enter(pair, TcpState.ESTABLISHED);
    }
  }
  if (flags & TcpFlag.FIN) close(pair, TcpState.CLOSED);
  if (flags & TcpFlag.RST) close(pair, TcpState.RESET);
  if (pair.from !== TcpState.INACTIVE) return;
  // Some hosts acknowledge a SYN before they answer it.
  if (!isOriginator && payloadBytes === 0 && pair.to === TcpState.SYN_SENT) return;
  // The SYN was missed, its answer was not.
  const isAnswered = hasAck && pair.to === TcpState.ESTABLISHED;
  enter(pair, isAnswered ? TcpState.ESTABLISHED : TcpState.PARTIAL);
}

function fromEstablished(pair: TcpPair, flags: number): void {
  if (
    flags & TcpFlag.SYN &&
    !(flags & TcpFlag.ACK) &&
    pair.from === TcpState.PARTIAL &&
    pair.to === TcpState.INACTIVE
  )
    enter(pair, TcpState.SYN_SENT);
  if (flags & TcpFlag.FIN && !(flags & TcpFlag.RST)) {
    close(pair, TcpState.CLOSED);
    // FIN, then RST, from a peer that we now see closing too: an ordinary end.
    if (pair.to === TcpState.RESET && pair.toBefore === TcpState.CLOSED)
      enterPeer(pair, TcpState.CLOSED);
  }
  if (flags & TcpFlag.RST) close(pair, TcpState.RESET);
}

function close(pair: TcpPair, state: number): void {
  enter(pair, state);
  pair.closes = true;
}

function enter(pair: TcpPair, state: number): void {
  if (pair.from === state) return;
  pair.fromBefore = pair.from;
  pair.from = state;
}

function enterPeer(pair: TcpPair, state: number): void {
  if (pair.to === state) return;
  pair.toBefore = pair.to;
  pair.to = state;
}
