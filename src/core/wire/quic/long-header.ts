/**
 * Long headers of QUIC packets (RFC 8999 §5.1, RFC 9000 §17.2), several of which may stand in one datagram.
 * Only known versions count, or any datagram might be taken for QUIC. One instance is reused.
 */

import { readVarint, varintEnd } from './varint.ts';
import { isGoogleVersion, isKnownVersion, openableVersion, type QuicVersion } from './versions.ts';

const LONG_AND_FIXED_BITS = 0xc0;
const VERSION_AT = 1;
const VERSION_BYTES = 4;
const ID_LENGTH_AT = 5;
const NEGOTIATION = 0;
const MAX_ID_BYTES = 20;
/** Packet types, counted from the version's Initial. */
const INITIAL = 0;
const RETRY = 3;
/** A packet number of four bytes, which is assumed, and the sample that header protection takes behind it. */
const SAMPLE_END = 4 + 16;

export class LongHeader {
  /** How to open the packet, if it is an Initial and was captured whole; else null. */
  initial: QuicVersion | null = null;
  /** The destination's connection ID. */
  idStart = 0;
  idEnd = 0;
  /** Where the protected packet number begins; of Initial packets only. */
  numberStart = 0;
  /** Where the packet ends: there another may begin. */
  packetEnd = 0;

  /** Whether `view[start, end)`, of a datagram that ends at `wireEnd`, begins with a packet of a known version. */
  read(view: DataView, start: number, end: number, wireEnd: number): boolean {
    this.initial = null;
    this.packetEnd = wireEnd;
    if (end - start < ID_LENGTH_AT + 2) return false;
    const first = view.getUint8(start);
    if ((first & LONG_AND_FIXED_BITS) !== LONG_AND_FIXED_BITS) return false;
    const version = view.getUint32(start + VERSION_AT);
    if (isGoogleVersion(version)) return true;
    this.idStart = start + ID_LENGTH_AT + 1;
    this.idEnd = this.idStart + view.getUint8(start + ID_LENGTH_AT);
    if (this.idEnd - this.idStart > MAX_ID_BYTES || this.idEnd >= end) return false;
    const sourceBytes = view.getUint8(this.idEnd);
    const sourceEnd = this.idEnd + 1 + sourceBytes;
    if (sourceBytes > MAX_ID_BYTES || sourceEnd > wireEnd) return false;
    if (version === NEGOTIATION) return offersKnownVersion(view, sourceEnd, end, wireEnd);
    if (!isKnownVersion(version)) return false;
    const known = openableVersion(version);
    if (known === null) return true;
    const type = ((first >> 4) - known.initialType) & 3;
    return (
      type === RETRY || this.#readLengths(view, sourceEnd, end, type === INITIAL ? known : null)
    );
  }

  /** False if the packet does not fit the datagram. */
  #readLengths(view: DataView, start: number, end: number, initial: QuicVersion | null): boolean {
    const isCut = end < this.packetEnd;
    let at = start;
    if (initial !== null) {
      const token = readVarint(view, at, end);
      if (token < 0) return isCut;
      at = varintEnd(view, at) + token;
    }
    const length = readVarint(view, at, end);
    if (length < 0) return isCut;
    this.numberStart = varintEnd(view, at);
    const packetEnd = this.numberStart + length;
    if (packetEnd > this.packetEnd) return false;
    this.packetEnd = packetEnd;
    if (length >= SAMPLE_END && packetEnd <= end) this.initial = initial;
    return true;
  }
}

/** A server's list of versions (RFC 9000 §17.2.1). */
function offersKnownVersion(view: DataView, start: number, end: number, wireEnd: number): boolean {
  if ((wireEnd - start) % VERSION_BYTES !== 0) return false;
  for (let at = start; at + VERSION_BYTES <= end; at += VERSION_BYTES)
    if (isKnownVersion(view.getUint32(at))) return true;
  return false;
}
