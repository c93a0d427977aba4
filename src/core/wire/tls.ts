/** TLS handshake messages as far as one segment shows them: which hello, and a client's server name (RFC 8446 §4.1.2, RFC 6066 §3). */

const HANDSHAKE = 22;
const MAX_MINOR_VERSION = 4;
const RECORD_BYTES = 5;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** Handshake header, version and random. */
const BEFORE_SESSION_ID = 4 + 2 + 32;
const EXTENSION_HEADER_BYTES = 4;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** Extension header, list length, name type and name length. */
const SERVER_NAME_HEADER_BYTES = 9;

export class TlsHello {
  isClient = false;
  /** Where the server name stands in the view; -1: there is none, or it is not in this segment. */
  sniStart = -1;
  sniEnd = -1;

  /** False if `view[start, end)` does not begin with a record that holds a client's or a server's hello. */
  at(view: DataView, start: number, end: number): boolean {
    if (end - start < RECORD_BYTES + 4) return false;
    if (view.getUint8(start) !== HANDSHAKE || view.getUint8(start + 1) !== 3) return false;
    if (view.getUint8(start + 2) > MAX_MINOR_VERSION) return false;
    const type = view.getUint8(start + RECORD_BYTES);
    if (type !== CLIENT_HELLO && type !== SERVER_HELLO) return false;
    this.isClient = type === CLIENT_HELLO;
    this.sniStart = -1;
    if (this.isClient) this.#readServerName(view, start + RECORD_BYTES, end);
    return true;
  }

  #readServerName(view: DataView, handshake: number, end: number): void {
    let at = handshake + BEFORE_SESSION_ID;
    if (at + 1 > end) return;
    at += 1 + view.getUint8(at); // session id
    if (at + 2 > end) return;
    at += 2 + view.getUint16(at); // cipher suites
    if (at + 1 > end) return;
    at += 1 + view.getUint8(at); // compression methods
    at += 2; // length of all extensions
    while (at + EXTENSION_HEADER_BYTES <= end) {
      if (view.getUint16(at) === SERVER_NAME) {
        this.#takeName(view, at, end);
        return;
      }
      at += EXTENSION_HEADER_BYTES + view.getUint16(at + 2);
    }
  }

  #takeName(view: DataView, extension: number, end: number): void {
    const nameStart = extension + SERVER_NAME_HEADER_BYTES;
    if (nameStart > end || view.getUint8(extension + 6) !== HOST_NAME) return;
    const nameEnd = nameStart + view.getUint16(extension + 7);
    if (nameEnd > end || nameEnd === nameStart) return;
    this.sniStart = nameStart;
    this.sniEnd = nameEnd;
  }
}
