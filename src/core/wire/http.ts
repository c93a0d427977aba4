/**
 * HTTP/1 request and status lines with the few headers that matter (RFC 9112), read in place from one
 * segment; also HTTP over UDP as SSDP speaks it. Positions are indices into the bytes; -1: not there.
 *
 * A request is recognised by its content on any port: a known method, a space, and `HTTP/` before the end
 * of the first line, or a line that is not ended within the segment (a long path cut in two).
 */

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
export const MAX_PATH_CHARS = 2048;

/** RFC 9110, WebDAV (RFC 4918, 3253, 3648, 5323), GENA and SSDP, RPC over HTTP, and what Exchange and SSTP added. */
const METHODS = [
  'GET,PUT,COPY,HEAD,LOCK,MOVE,POLL,POST,BCOPY,BMOVE,MKCOL,TRACE,PATCH,LABEL,MERGE,DELETE,SEARCH,UNLOCK',
  'REPORT,UPDATE,NOTIFY,BDELETE,CONNECT,OPTIONS,CHECKIN,PROPFIND,CHECKOUT,CCM_POST,SUBSCRIBE,PROPPATCH',
  'BPROPFIND,BPROPPATCH,UNCHECKOUT,MKACTIVITY,MKWORKSPACE,UNSUBSCRIBE,RPC_CONNECT,VERSION-CONTROL',
  'BASELINE-CONTROL,M-SEARCH,SSTP_DUPLEX_POST,RPC_IN_DATA,RPC_OUT_DATA,ORDERPATCH,ACL,MKCALENDAR,BIND,UNBIND,REBIND,LINK,UNLINK',
]
  .join(',')
  .split(',')
  .map((name) => Uint8Array.from(name, (char) => char.charCodeAt(0)));

/** Methods by first letter, so that a request is recognised by a few comparisons. */
const METHODS_BY_LETTER: readonly Uint8Array[][] = Array.from({ length: 26 }, (_, letter) =>
  METHODS.filter((method) => method[0] === letter + 0x41),
);

const HOST = lowerCase('host');
const USER_AGENT = lowerCase('user-agent');
const AUTHORIZATION = lowerCase('authorization');

export class HttpMessage {
  isRequest = false;
  methodStart = -1;
  methodEnd = -1;
  pathStart = -1;
  pathEnd = -1;
  /** -1 for requests. */
  status = -1;
  hostStart = -1;
  hostEnd = -1;
  userAgentStart = -1;
  userAgentEnd = -1;
  hasAuthorization = false;
  /** The blank line after the headers is in the segment. */
  hasHeadersEnd = false;

  /** False if `bytes[start, end)` does not begin with a request line or a status line. */
  at(bytes: Uint8Array, start: number, end: number): boolean {
    const lineEnd = endOfLine(bytes, start, end);
    const isResponse = this.#readStatusLine(bytes, start, lineEnd);
    if (!isResponse && !this.#readRequestLine(bytes, start, lineEnd, lineEnd < end)) return false;
    this.isRequest = !isResponse;
    this.#readHeaders(bytes, lineEnd + 1, end);
    return true;
  }

  #readStatusLine(bytes: Uint8Array, start: number, lineEnd: number): boolean {
    this.status = -1;
    // "HTTP/1.1 200"; a status line needs no reason phrase.
    if (lineEnd - start < 12 || !isHttpVersion(bytes, start, lineEnd)) return false;
    let at = start + 5;
    while (at < lineEnd && bytes[at] !== SPACE) at++;
    while (at < lineEnd && bytes[at] === SPACE) at++;
    const status = readDigits(bytes, at, lineEnd, 3);
    if (status < 100) return false;
    this.status = status;
    return true;
  }

  #readRequestLine(
    bytes: Uint8Array,
    start: number,
    lineEnd: number,
    isLineEnded: boolean,
  ): boolean {
    const methodBytes = methodLength(bytes, start, lineEnd);
    if (methodBytes === 0) return false;
    let at = start + methodBytes;
    this.methodStart = start;
    this.methodEnd = at;
    while (at < lineEnd && bytes[at] === SPACE) at++;
    this.pathStart = at;
    let textEnd = lineEnd;
    while (textEnd > at && (bytes[textEnd - 1] === CR || bytes[textEnd - 1] === SPACE)) textEnd--;
    if (textEnd === at) return false;
    // The version is the last word of an ended line; the path is all before it, spaces included.
    let wordStart = textEnd;
    while (wordStart > at && bytes[wordStart - 1] !== SPACE) wordStart--;
    const hasVersion = wordStart > at && isHttpVersion(bytes, wordStart, textEnd);
    if (isLineEnded && !hasVersion) return false;
    this.pathEnd = hasVersion ? wordStart - 1 : textEnd;
    while (this.pathEnd > at && bytes[this.pathEnd - 1] === SPACE) this.pathEnd--;
    return true;
  }

  #readHeaders(bytes: Uint8Array, start: number, end: number): void {
    this.hostStart = -1;
    this.userAgentStart = -1;
    this.hasAuthorization = false;
    this.hasHeadersEnd = false;
    let at = start;
    while (at < end) {
      const first = bytes[at]!;
      if (first === LF || (first === CR && at + 1 < end && bytes[at + 1] === LF)) {
        this.hasHeadersEnd = true;
        return;
      }
      const lineEnd = endOfLine(bytes, at, end);
      this.#readHeader(bytes, at, lineEnd, first | 0x20);
      at = lineEnd + 1;
    }
  }

  /** `letter`: the first letter of the name in lower case, to pass by most headers quickly. */
  #readHeader(bytes: Uint8Array, at: number, lineEnd: number, letter: number): void {
    if (letter === HOST[0] && this.hostStart < 0 && hasName(bytes, at, lineEnd, HOST)) {
      this.hostStart = skipBlanks(bytes, at + HOST.length + 1, lineEnd);
      this.hostEnd = trimEnd(bytes, this.hostStart, lineEnd);
    } else if (
      letter === USER_AGENT[0] &&
      this.userAgentStart < 0 &&
      hasName(bytes, at, lineEnd, USER_AGENT)
    ) {
      this.userAgentStart = skipBlanks(bytes, at + USER_AGENT.length + 1, lineEnd);
      this.userAgentEnd = trimEnd(bytes, this.userAgentStart, lineEnd);
    } else if (letter === AUTHORIZATION[0] && hasName(bytes, at, lineEnd, AUTHORIZATION)) {
      this.hasAuthorization = true;
    }
  }
}

/** Bytes of the method that `bytes[start, end)` begins with, a space after it; 0: none. */
function methodLength(bytes: Uint8Array, start: number, end: number): number {
  const candidates = METHODS_BY_LETTER[bytes[start]! - 0x41];
  if (candidates === undefined) return 0;
  for (const method of candidates) {
    const after = start + method.length;
    if (after < end && bytes[after] === SPACE && startsWith(bytes, start, method))
      return method.length;
  }
  return 0;
}

function startsWith(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

function isHttpVersion(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    at + 5 <= end &&
    bytes[at] === 0x48 &&
    bytes[at + 1] === 0x54 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f
  );
}

/** The number that `count` digits at `at` make; -1 if they are not all digits. */
export function readDigits(bytes: Uint8Array, at: number, end: number, count: number): number {
  if (at + count > end) return -1;
  let value = 0;
  for (let i = at; i < at + count; i++) {
    const digit = bytes[i]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function hasName(bytes: Uint8Array, at: number, lineEnd: number, name: Uint8Array): boolean {
  if (at + name.length >= lineEnd || bytes[at + name.length] !== COLON) return false;
  for (let i = 1; i < name.length; i++) if ((bytes[at + i]! | 0x20) !== name[i]) return false;
  return true;
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && (bytes[at] === SPACE || bytes[at] === TAB)) at++;
  return at;
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === CR || bytes[at - 1] === SPACE || bytes[at - 1] === TAB))
    at--;
  return at;
}

/** Index of the line feed that ends the line, or `end`. */
function endOfLine(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== LF) at++;
  return at;
}

function lowerCase(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
