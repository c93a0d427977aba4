/**
 * What is remembered of each flow, as columns: index `slot` for the flow, `2 * slot + side` for its
 * sides (0 originator, 1 responder), 4 words per address. Together with index and lists at most
 * 400 bytes a flow (a test adds them up); only names read from TLS and SSH live outside.
 *
 * Times within a flow are µs since its first packet, in 32 bits: the active time-out ends a flow
 * long before they could overflow.
 */

/** Letters of history kept per flow; Zeek's own need of more is rare, and counted. */
export const HISTORY_BYTES = 32;

/** An offset that has not happened. */
export const NEVER = 0xffffffff;

export const FlowBit = {
  SYN_SEEN: 1,
  SYN_ACK_SEEN: 2,
  VALIDATED: 4,
  /** Began without SYN, so who opened it is a guess. */
  PARTIAL: 8,
  /** The sides have changed places. */
  EXCHANGED: 16,
  /** An HTTP request was begun whose headers have not ended. */
  HTTP_PARTIAL: 32,
  /** ICMP that nothing answers. */
  ONE_WAY: 64,
  /** At least one side has closed (bit of the side shifted by it). */
  ORIGINATOR_CLOSED: 128,
  RESPONDER_CLOSED: 256,
  /** Inside a tunnel: both directions can be forged by one sender, so nothing proves anybody. */
  TUNNELLED: 512,
} as const;

export class FlowColumns {
  capacity: number;
  // The flow.
  hash: Uint32Array;
  id: Float64Array;
  firstSeen: Float64Array;
  lastSeen: Float64Array;
  /** What the clock was at the last packet, in whole ms after that of `firstSeen`: where packets come out of order, later than `lastSeen`. */
  heardAfterMs: Uint32Array;
  protocol: Uint8Array;
  /** The IP payload's protocol number; -1: not known. */
  ipProtocol: Int16Array;
  ipVersion: Uint8Array;
  vlan: Int16Array;
  bits: Uint16Array;
  service: Uint8Array;
  openedAfter: Uint32Array;
  closedAfter: Uint32Array;
  handshakeMicros: Uint32Array;
  retransmissions: Uint32Array;
  attempts: Uint32Array;
  entropy: Float32Array;
  history: Uint8Array;
  historyLength: Uint8Array;
  // Its sides.
  address: Uint32Array;
  port: Int32Array;
  mac: Float64Array;
  firstAfter: Uint32Array;
  lastAfter: Uint32Array;
  packets: Uint32Array;
  bytes: Float64Array;
  payload: Float64Array;
  lengthSquares: Float64Array;
  lengthMin: Uint32Array;
  lengthMax: Uint32Array;
  gapSquares: Float64Array;
  gapMin: Uint32Array;
  gapMax: Uint32Array;
  flags: Uint8Array;
  state: Uint8Array;
  stateBefore: Uint8Array;
  ttl: Uint8Array;
  window: Uint16Array;
  /** Sequence number of the SYN, or one before the first byte seen. */
  startSeq: Uint32Array;
  /** One past the highest byte sent. */
  lastSeq: Uint32Array;
  /** Highest acknowledgement of this side's bytes. */
  ackedSeq: Uint32Array;
  /** One past the bytes seen without a hole. */
  wholeSeq: Uint32Array;
  /** One past the highest byte of segments that fit a proven conversation; set by the handshake. */
  provenSeq: Uint32Array;
  /** One stretch seen behind a hole; empty where both are equal. */
  aheadFrom: Uint32Array;
  aheadTo: Uint32Array;
  historySeen: Uint8Array;
  historySyn: Uint32Array;
  historyFin: Uint32Array;
  historyRst: Uint32Array;
  retransmitCount: Uint16Array;
  zeroWindowCount: Uint16Array;
  gapCount: Uint16Array;

  constructor(capacity: number) {
    const sides = 2 * capacity;
    this.capacity = capacity;
    this.hash = new Uint32Array(capacity);
    this.id = new Float64Array(capacity);
    this.firstSeen = new Float64Array(capacity);
    this.lastSeen = new Float64Array(capacity);
    this.heardAfterMs = new Uint32Array(capacity);
    this.protocol = new Uint8Array(capacity);
    this.ipProtocol = new Int16Array(capacity);
    this.ipVersion = new Uint8Array(capacity);
    this.vlan = new Int16Array(capacity);
    this.bits = new Uint16Array(capacity);
    this.service = new Uint8Array(capacity);
    this.openedAfter = new Uint32Array(capacity);
    this.closedAfter = new Uint32Array(capacity);
    this.handshakeMicros = new Uint32Array(capacity);
    this.retransmissions = new Uint32Array(capacity);
    this.attempts = new Uint32Array(capacity);
    this.entropy = new Float32Array(capacity);
    this.history = new Uint8Array(HISTORY_BYTES * capacity);
    this.historyLength = new Uint8Array(capacity);
    this.address = new Uint32Array(4 * sides);
    this.port = new Int32Array(sides);
    this.mac = new Float64Array(sides);
    this.firstAfter = new Uint32Array(sides);
    this.lastAfter = new Uint32Array(sides);
    this.packets = new Uint32Array(sides);
    this.bytes = new Float64Array(sides);
    this.payload = new Float64Array(sides);
    this.lengthSquares = new Float64Array(sides);
    this.lengthMin = new Uint32Array(sides);
    this.lengthMax = new Uint32Array(sides);
    this.gapSquares = new Float64Array(sides);
    this.gapMin = new Uint32Array(sides);
    this.gapMax = new Uint32Array(sides);
    this.flags = new Uint8Array(sides);
    this.state = new Uint8Array(sides);
    this.stateBefore = new Uint8Array(sides);
    this.ttl = new Uint8Array(sides);
    this.window = new Uint16Array(sides);
    this.startSeq = new Uint32Array(sides);
    this.lastSeq = new Uint32Array(sides);
    this.ackedSeq = new Uint32Array(sides);
    this.wholeSeq = new Uint32Array(sides);
    this.provenSeq = new Uint32Array(sides);
    this.aheadFrom = new Uint32Array(sides);
    this.aheadTo = new Uint32Array(sides);
    this.historySeen = new Uint8Array(sides);
    this.historySyn = new Uint32Array(sides);
    this.historyFin = new Uint32Array(sides);
    this.historyRst = new Uint32Array(sides);
    this.retransmitCount = new Uint16Array(sides);
    this.zeroWindowCount = new Uint16Array(sides);
    this.gapCount = new Uint16Array(sides);
  }

  get byteLength(): number {
    let total = 0;
    for (const column of Object.values(this))
      if (ArrayBuffer.isView(column)) total += column.byteLength;
    return total;
  }

  /** A larger copy of every column. */
  grown(capacity: number): FlowColumns {
    const larger = new FlowColumns(capacity);
    const from = this as unknown as Record<string, Float64Array | number>;
    for (const [name, column] of Object.entries(larger))
      if (ArrayBuffer.isView(column)) (column as Float64Array).set(from[name] as Float64Array);
    return larger;
  }

  /** Forgets the measurements of a flow, but neither its key nor the state of its connection. */
  clearMeasurements(slot: number): void {
    this.handshakeMicros[slot] = NEVER;
    this.retransmissions[slot] = 0;
    this.attempts[slot] = 0;
    this.entropy[slot] = Number.NaN;
    for (let side = 2 * slot; side < 2 * slot + 2; side++) {
      this.firstAfter[side] = 0;
      this.lastAfter[side] = 0;
      this.packets[side] = 0;
      this.bytes[side] = 0;
      this.payload[side] = 0;
      this.lengthSquares[side] = 0;
      this.lengthMin[side] = 0;
      this.lengthMax[side] = 0;
      this.gapSquares[side] = 0;
      this.gapMin[side] = 0;
      this.gapMax[side] = 0;
      this.flags[side] = 0;
    }
  }

  /** Makes a slot that may have held another flow empty. */
  clear(slot: number): void {
    this.clearMeasurements(slot);
    this.bits[slot] = 0;
    this.service[slot] = 0;
    this.openedAfter[slot] = NEVER;
    this.closedAfter[slot] = NEVER;
    this.historyLength[slot] = 0;
    for (let side = 2 * slot; side < 2 * slot + 2; side++) {
      this.mac[side] = -1;
      this.state[side] = 0;
      this.stateBefore[side] = 0;
      this.ttl[side] = 0;
      this.window[side] = 0;
      this.startSeq[side] = 0;
      this.lastSeq[side] = 0;
      this.ackedSeq[side] = 0;
      this.wholeSeq[side] = 0;
      this.provenSeq[side] = 0;
      this.aheadFrom[side] = 0;
      this.aheadTo[side] = 0;
      this.historySeen[side] = 0;
      this.retransmitCount[side] = 0;
      this.zeroWindowCount[side] = 0;
      this.gapCount[side] = 0;
    }
  }

  /** Exchanges the two sides: who opened the connection was guessed wrongly. */
  swapSides(slot: number): void {
    const first = 2 * slot;
    for (const column of this.#sideColumns()) {
      const kept = column[first]!;
      column[first] = column[first + 1]!;
      column[first + 1] = kept;
    }
    for (let word = 8 * slot; word < 8 * slot + 4; word++) {
      const kept = this.address[word]!;
      this.address[word] = this.address[word + 4]!;
      this.address[word + 4] = kept;
    }
  }

  #sideColumns(): (Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array)[] {
    return [
      this.port,
      this.mac,
      this.firstAfter,
      this.lastAfter,
      this.packets,
      this.bytes,
      this.payload,
      this.lengthSquares,
      this.lengthMin,
      this.lengthMax,
      this.gapSquares,
      this.gapMin,
      this.gapMax,
      this.flags,
      this.state,
      this.stateBefore,
      this.ttl,
      this.window,
      this.startSeq,
      this.lastSeq,
      this.ackedSeq,
      this.wholeSeq,
      this.provenSeq,
      this.aheadFrom,
      this.aheadTo,
      this.historySeen,
      this.historySyn,
      this.historyFin,
      this.historyRst,
      this.retransmitCount,
      this.zeroWindowCount,
      this.gapCount,
    ];
  }
}
