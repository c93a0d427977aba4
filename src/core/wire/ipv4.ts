/**
 * IPv4 header (RFC 791 §3.1), read in place.
 *
 * After `at()` returns true every getter is in bounds until the buffer is reused. The header's own
 * length is checked against the minimum only: options may reach beyond what was captured, so
 * `payloadStart` may lie beyond `end`.
 */

export const MIN_IPV4_BYTES = 20;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FRAGMENT = 6;
const TTL = 8;
const PROTOCOL = 9;
const SRC = 12;
const DST = 16;
const MORE_FRAGMENTS = 0x2000;

export class Ipv4Header {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  /** Points at the header at `start`; false if its fixed part does not fit. */
  at(view: DataView, start: number, end: number): boolean {
    if (end - start < MIN_IPV4_BYTES) return false;
    this.#view = view;
    this.#start = start;
    return true;
  }

  get version(): number {
    return this.#view.getUint8(this.#start) >> 4;
  }

  /** Options included; below 20 is a malformation. */
  get headerBytes(): number {
    return (this.#view.getUint8(this.#start) & 0xf) * 4;
  }

  get hasBadHeaderLength(): boolean {
    return this.headerBytes < MIN_IPV4_BYTES;
  }

  /** Header and payload; 0 where the sender's network card was to cut the packet into segments. */
  get totalLength(): number {
    return this.#view.getUint16(this.#start + TOTAL_LENGTH);
  }

  /** Tells the fragments of one packet from another's, with the addresses and the protocol. */
  get identification(): number {
    return this.#view.getUint16(this.#start + IDENTIFICATION);
  }

  get isFragment(): boolean {
    return (this.#view.getUint16(this.#start + FRAGMENT) & 0x3fff) !== 0;
  }

  get hasMoreFragments(): boolean {
    return (this.#view.getUint16(this.#start + FRAGMENT) & MORE_FRAGMENTS) !== 0;
  }

  /** Bytes before this fragment in the whole packet. */
  get fragmentOffset(): number {
    return (this.#view.getUint16(this.#start + FRAGMENT) & 0x1fff) * 8;
  }

  get ttl(): number {
    return this.#view.getUint8(this.#start + TTL);
  }

  get protocol(): number {
    return this.#view.getUint8(this.#start + PROTOCOL);
  }

  get src(): number {
    return this.#view.getUint32(this.#start + SRC);
  }

  get dst(): number {
    return this.#view.getUint32(this.#start + DST);
  }
}
