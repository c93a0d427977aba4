/**
 * A client's hello in TLS (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2) and DTLS (RFC 6347 §4.2.1): where its parts
 * stand, for the fingerprint and the columns. Reads as far as there are bytes; `isWhole` says whether every
 * length fitted. Of an extension that comes twice the first counts. One instance is reused for every hello.
 */

/** What is beyond is not read. */
export const MAX_HELLO_BYTES = 16_384;

const RANDOM_BYTES = 32;
const EXTENSION_HEADER_BYTES = 4;
/** Length of the list, type and length of the name. */
const SERVER_NAME_HEADER_BYTES = 5;
const HOST_NAME = 0;

export const Extension = {
  SERVER_NAME: 0x0000,
  SIGNATURE_ALGORITHMS: 0x000d,
  ALPN: 0x0010,
  SUPPORTED_VERSIONS: 0x002b,
} as const;

/** A part of the hello; absent: both are -1. */
export interface HelloPart {
  start: number;
  end: number;
}

export class ClientHello {
  view: DataView = new DataView(new ArrayBuffer(0));
  isWhole = false;
  legacyVersion = 0;
  /** Two bytes each. */
  readonly ciphers: HelloPart = { start: -1, end: -1 };
  readonly extensions = new Uint16Array(MAX_HELLO_BYTES / EXTENSION_HEADER_BYTES);
  extensionCount = 0;
  hasServerName = false;
  /** The host name; absent, too, where it is empty or cut. */
  readonly serverName: HelloPart = { start: -1, end: -1 };
  /** One byte of length before each name. */
  readonly protocols: HelloPart = { start: -1, end: -1 };
  /** Two bytes each. */
  readonly versions: HelloPart = { start: -1, end: -1 };
  /** Two bytes each. */
  readonly signatures: HelloPart = { start: -1, end: -1 };
  #end = 0;

  /** `view[start, end)`: the hello behind its handshake header, as far as it is there. */
  read(view: DataView, start: number, end: number): void {
    this.#begin(view, start, end);
    const at = this.#skip(start + 2 + RANDOM_BYTES, 1);
    if (at >= 0) this.#readLists(at);
  }

  /** The same for DTLS, which has a cookie. */
  readDatagram(view: DataView, start: number, end: number): void {
    this.#begin(view, start, end);
    const cookie = this.#skip(start + 2 + RANDOM_BYTES, 1);
    const at = cookie < 0 ? -1 : this.#skip(cookie, 1);
    if (at >= 0) this.#readLists(at);
  }

  #begin(view: DataView, start: number, end: number): void {
    this.view = view;
    this.#end = Math.min(end, start + MAX_HELLO_BYTES);
    this.isWhole = false;
    this.extensionCount = 0;
    this.hasServerName = false;
    forget(this.ciphers);
    forget(this.serverName);
    forget(this.protocols);
    forget(this.versions);
    forget(this.signatures);
    this.legacyVersion = start + 2 <= this.#end ? view.getUint16(start) : 0;
  }

  #readLists(ciphers: number): void {
    const compression = this.#skip(ciphers, 2);
    if (compression < 0) return;
    this.ciphers.start = ciphers + 2;
    this.ciphers.end = compression;
    const extensions = this.#skip(compression, 1);
    if (extensions < 0) return;
    if (extensions === this.#end) {
      this.isWhole = true; // as before TLS 1.2
      return;
    }
    this.isWhole = this.#skip(extensions, 2) >= 0;
    this.#readExtensions(extensions + 2);
  }

  #readExtensions(start: number): void {
    const { view } = this;
    const end = this.isWhole ? start + view.getUint16(start - 2) : this.#end;
    let at = start;
    while (at + EXTENSION_HEADER_BYTES <= end) {
      const type = view.getUint16(at);
      const from = at + EXTENSION_HEADER_BYTES;
      const to = from + view.getUint16(at + 2);
      if (to > end) break;
      this.extensions[this.extensionCount++] = type;
      this.#take(type, from, to);
      at = to;
    }
    if (at !== end) this.isWhole = false;
  }

  #take(type: number, from: number, to: number): void {
    if (type === Extension.SERVER_NAME) this.#takeServerName(from, to);
    else if (type === Extension.ALPN) this.#takeList(this.protocols, from, 2, to);
    else if (type === Extension.SUPPORTED_VERSIONS) this.#takeList(this.versions, from, 1, to);
    else if (type === Extension.SIGNATURE_ALGORITHMS) this.#takeList(this.signatures, from, 2, to);
  }

  /** RFC 6066 §3. */
  #takeServerName(from: number, to: number): void {
    if (this.hasServerName) return;
    this.hasServerName = true;
    const nameStart = from + SERVER_NAME_HEADER_BYTES;
    if (nameStart >= to || this.view.getUint8(from + 2) !== HOST_NAME) return;
    const nameEnd = nameStart + this.view.getUint16(from + 3);
    if (nameEnd > to || nameEnd === nameStart) return;
    this.serverName.start = nameStart;
    this.serverName.end = nameEnd;
  }

  #takeList(part: HelloPart, from: number, lengthBytes: 1 | 2, to: number): void {
    if (part.start >= 0) return;
    const start = from + lengthBytes;
    if (start > to) return;
    const length = lengthBytes === 1 ? this.view.getUint8(from) : this.view.getUint16(from);
    part.start = start;
    part.end = Math.min(start + length, to);
  }

  /** Where the vector at `at` ends, whose length stands in its first bytes; -1: it is not all there. */
  #skip(at: number, lengthBytes: 1 | 2): number {
    if (at + lengthBytes > this.#end) return -1;
    const length = lengthBytes === 1 ? this.view.getUint8(at) : this.view.getUint16(at);
    const end = at + lengthBytes + length;
    return end > this.#end ? -1 : end;
  }
}

/** The highest version that is offered, by its number, as JA4 asks for; 0: only such as are reserved. */
export function offeredVersion(hello: ClientHello): number {
  const { view, versions } = hello;
  if (versions.start < 0) return hello.legacyVersion;
  let highest = 0;
  for (let at = versions.start; at + 2 <= versions.end; at += 2) {
    const version = view.getUint16(at);
    if (version > highest && !isGrease(version)) highest = version;
  }
  return highest;
}

/** Values that are reserved so that servers meet unknown ones (RFC 8701). */
export function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function forget(part: HelloPart): void {
  part.start = -1;
  part.end = -1;
}
