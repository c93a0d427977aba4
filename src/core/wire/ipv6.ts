/**
 * IPv6 header (RFC 8200 §3) and the extension headers between it and the transport, read in place.
 *
 * After `at()` returns true the getters of the fixed header are in bounds; `walk()` then goes through
 * the extension headers and leaves `nextHeader` and `payloadStart` at what follows them.
 */
import type { AnomalyName } from './anomalies.ts';

export const IPV6_HEADER_BYTES = 40;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const HOP_LIMIT = 7;
const SRC = 8;
const DST = 24;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
export const AUTHENTICATION = 51;
const NO_NEXT_HEADER = 59;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HOST_IDENTITY = 139;
const SHIM6 = 140;

const MAX_EXTENSIONS = 16;
const EXTENSION_UNIT_BYTES = 8;

export class Ipv6Header {
  /** Protocol number after the extension headers. */
  nextHeader = 0;
  payloadStart = 0;
  isFragment = false;
  hasMoreFragments = false;
  fragmentOffset = 0;
  /** Of the fragment header: which packet the fragment is of, and the index of the first byte behind it. */
  identification = 0;
  fragmentStart = 0;
  /** The destination in the header need not be the last one. */
  hasRouting = false;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;

  /** Points at the header at `start`; false if its 40 bytes do not fit. */
  at(view: DataView, start: number, end: number): boolean {
    if (end - start < IPV6_HEADER_BYTES) return false;
    this.#view = view;
    this.#start = start;
    return true;
  }

  get version(): number {
    return this.#view.getUint8(this.#start) >> 4;
  }

  /** Extension headers and payload; 0 for jumbograms and for packets not yet cut into segments. */
  get payloadLength(): number {
    return this.#view.getUint16(this.#start + PAYLOAD_LENGTH);
  }

  get hopLimit(): number {
    return this.#view.getUint8(this.#start + HOP_LIMIT);
  }

  srcWord(index: number): number {
    return this.#view.getUint32(this.#start + SRC + 4 * index);
  }

  dstWord(index: number): number {
    return this.#view.getUint32(this.#start + DST + 4 * index);
  }

  /** After `walk`: neither is it a jumbogram, whose length is an option (RFC 2675), nor does nothing follow. */
  get needsLength(): boolean {
    const first = this.#view.getUint8(this.#start + NEXT_HEADER);
    return first !== HOP_BY_HOP && this.nextHeader !== NO_NEXT_HEADER;
  }

  /** Goes through the extension headers in `[…, end)`; names what stopped it, if anything but the end did. */
  walk(end: number): AnomalyName | null {
    this.nextHeader = this.#view.getUint8(this.#start + NEXT_HEADER);
    this.payloadStart = this.#start + IPV6_HEADER_BYTES;
    this.isFragment = false;
    this.hasMoreFragments = false;
    this.fragmentOffset = 0;
    this.hasRouting = false;
    for (let extensions = 0; isExtension(this.nextHeader); extensions++) {
      if (extensions === MAX_EXTENSIONS) return 'too_many_ip_extensions';
      if (this.fragmentOffset > 0) return null; // what follows is the middle of a packet
      if (!this.#step(end)) return 'truncated_ip_extension';
    }
    return null;
  }

  #step(end: number): boolean {
    const at = this.payloadStart;
    if (end - at < EXTENSION_UNIT_BYTES) return false;
    const lengthField = this.#view.getUint8(at + 1);
    let bytes = (lengthField + 1) * EXTENSION_UNIT_BYTES;
    if (this.nextHeader === AUTHENTICATION) bytes = authenticationBytes(lengthField);
    if (this.nextHeader === ROUTING) this.hasRouting = true;
    if (this.nextHeader === FRAGMENT) {
      bytes = EXTENSION_UNIT_BYTES;
      this.identification = this.#view.getUint32(at + 4);
      this.fragmentStart = at + bytes;
      const field = this.#view.getUint16(at + 2);
      this.fragmentOffset = field & 0xfff8;
      this.hasMoreFragments = (field & 1) !== 0;
      this.isFragment = this.fragmentOffset > 0 || this.hasMoreFragments;
    }
    this.nextHeader = this.#view.getUint8(at);
    this.payloadStart = at + bytes;
    return true;
  }
}

/** Bytes of an authentication header (RFC 4302 §2.2: its length counts words of four bytes, minus two). */
export function authenticationBytes(lengthField: number): number {
  return (lengthField + 2) * 4;
}

function isExtension(nextHeader: number): boolean {
  switch (nextHeader) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION_OPTIONS:
    case MOBILITY:
    case HOST_IDENTITY:
    case SHIM6:
      return true;
    default:
      return false;
  }
}
