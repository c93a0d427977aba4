/**
 * TCP segment header (RFC 9293 §3.1), read in place.
 *
 * A `TcpHeader` owns no bytes. `at()` points it at a segment inside a capture
 * buffer, and one instance serves every packet, so decoding never allocates.
 *
 * Contract: after `at()` returns true every getter is in bounds until the buffer
 * is reused; after it returns false none may be read. Only the fixed part must fit:
 * the header length is the sender's word, so `payloadStart` may lie beyond the end.
 * Nothing here throws, and nothing is judged.
 */

export const TCP_MIN_HEADER_BYTES = 20;
const WORD_BYTES = 4;

// Offsets from the start of the segment.
const SRC_PORT = 0;
const DST_PORT = 2;
const SEQ = 4;
const ACK = 8;
const DATA_OFFSET = 12;
const FLAGS = 13;
const WINDOW = 14;

export const TcpFlag = {
  FIN: 0x01,
  SYN: 0x02,
  RST: 0x04,
  PSH: 0x08,
  ACK: 0x10,
  URG: 0x20,
  ECE: 0x40,
  CWR: 0x80,
} as const;

export class TcpHeader {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  /** Points at the segment in `view[start, end)`; false if its fixed header does not fit. */
  at(view: DataView, start: number, end: number): boolean {
    if (end - start < TCP_MIN_HEADER_BYTES) return false;
    this.#view = view;
    this.#start = start;
    return true;
  }

  get srcPort(): number {
    return this.#view.getUint16(this.#start + SRC_PORT);
  }

  get dstPort(): number {
    return this.#view.getUint16(this.#start + DST_PORT);
  }

  get seq(): number {
    return this.#view.getUint32(this.#start + SEQ);
  }

  get ack(): number {
    return this.#view.getUint32(this.#start + ACK);
  }

  /** The eight flag bits; test with `TcpFlag`. */
  get flags(): number {
    return this.#view.getUint8(this.#start + FLAGS);
  }

  get window(): number {
    return this.#view.getUint16(this.#start + WINDOW);
  }

  /** Options included; below 20 is a malformation. */
  get headerBytes(): number {
    return (this.#view.getUint8(this.#start + DATA_OFFSET) >> 4) * WORD_BYTES;
  }

  /** Index in the view of the first byte after the header and its options. */
  get payloadStart(): number {
    return this.#start + this.headerBytes;
  }
}
