/** What a server chose (RFC 8446 §4.1.3): version, cipher suite and, before TLS 1.3, the ALPN name. One instance is reused. */
import { Extension, type HelloPart } from './client-hello.ts';

const RANDOM_BYTES = 32;
const EXTENSION_HEADER_BYTES = 4;

export class ServerHello {
  /** 0: the hello ends before it. */
  version = 0;
  /** -1: the hello ends before it. */
  cipher = -1;
  /** One byte of length before the name; absent: both are -1. */
  readonly protocols: HelloPart = { start: -1, end: -1 };

  /** `view[start, end)`: the hello behind its handshake header, as far as it is there. */
  read(view: DataView, start: number, end: number): void {
    this.version = start + 2 <= end ? view.getUint16(start) : 0;
    this.cipher = -1;
    this.protocols.start = -1;
    this.protocols.end = -1;
    const session = start + 2 + RANDOM_BYTES;
    if (session >= end) return;
    const cipher = session + 1 + view.getUint8(session);
    if (cipher + 2 > end) return;
    this.cipher = view.getUint16(cipher);
    this.#readExtensions(view, cipher + 5, end); // compression method, length of all extensions
  }

  #readExtensions(view: DataView, start: number, end: number): void {
    let at = start;
    while (at + EXTENSION_HEADER_BYTES <= end) {
      const type = view.getUint16(at);
      const from = at + EXTENSION_HEADER_BYTES;
      at = from + view.getUint16(at + 2);
      if (at > end || at < from + 2) continue;
      if (type === Extension.SUPPORTED_VERSIONS) this.version = view.getUint16(from);
      if (type !== Extension.ALPN) continue;
      this.protocols.start = from + 2;
      this.protocols.end = at;
    }
  }
}
