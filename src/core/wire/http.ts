/**
 * HTTP/1 request and status lines with the few headers that matter (RFC 9112), read in place from one
 * segment; also HTTP over UDP as SSDP speaks it. Positions are indices into the bytes; -1: not there.
 *
 * Recognised by content on any port: a status line by "HTTP/", a request by a known method, a space, and
 * either "HTTP/" before the end of the first line or a path whose line goes on in the next segment.
 */

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SLASH = 0x2f;
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
  .map(asciiOf);

/** Methods by first letter, so that a request is recognised by a few comparisons. */
const METHODS_BY_LETTER: readonly Uint8Array[][] = Array.from({ length: 26 }, (_, letter) =>
  METHODS.filter((method) => method[0] === letter + 0x41),
);

const VERSION_PREFIX = asciiOf('HTTP/');
const HOST = asciiOf('host');
const USER_AGENT = asciiOf('user-agent');
const AUTHORIZATION = asciiOf('authorization');

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
  /** Index of the line feed that ends the first line, or `end`. */
  lineEnd = -1;
  isLineEnded = false;
  /** Index of the line feeds that end these headers, or `end`; -1: they are not there. */
  hostLineEnd = -1;
  userAgentLineEnd = -1;
  authorizationLineEnd = -1;
  /** The blank line after the headers is there. */
  hasHeadersEnd = false;
  /** End of the bytes that were read. */
  end = 0;

  /**
   * False if `bytes[start, end)` does not begin with a request line or a status line. `isHttpPort`: a known
   * method is enough, the version may be missing (HTTP/0.9, and what scanners send).
   */
  at(bytes: Uint8Array, start: number, end: number, isHttpPort: boolean): boolean {
    let at = start;
    // RFC 9112 §2.2: empty lines before the first line are to be ignored.
    while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
    const methodBytes = methodLength(bytes, at, end);
    if (methodBytes === 0 && !isHttpVersion(bytes, at, end)) return false;
    const lineEnd = endOfLine(bytes, at, end);
    this.end = end;
    this.lineEnd = lineEnd;
    this.isLineEnded = lineEnd < end;
    this.isRequest = methodBytes > 0;
    const isRead = this.isRequest
      ? this.#readRequestLine(bytes, at, methodBytes, lineEnd, lineEnd < end, isHttpPort)
      : this.#readStatusLine(bytes, at, lineEnd);
    if (isRead) this.#readHeaders(bytes, lineEnd + 1, end);
    return isRead;
  }

  /** "HTTP/1.1 200"; a status line needs no reason phrase. */
  #readStatusLine(bytes: Uint8Array, start: number, lineEnd: number): boolean {
    let at = start + VERSION_PREFIX.length;
    while (at < lineEnd && bytes[at] !== SPACE) at++;
    this.status = readDigits(bytes, skipBlanks(bytes, at, lineEnd), lineEnd, 3);
    return this.status >= 100;
  }

  #readRequestLine(
    bytes: Uint8Array,
    start: number,
    methodBytes: number,
    lineEnd: number,
    isLineEnded: boolean,
    isHttpPort: boolean,
  ): boolean {
    this.status = -1;
    this.methodStart = start;
    this.methodEnd = start + methodBytes;
    const pathStart = skipBlanks(bytes, this.methodEnd, lineEnd);
    const textEnd = trimEnd(bytes, pathStart, lineEnd);
    if (textEnd === pathStart) return false;
    // The version is the last word; the path is all before it, spaces included.
    let wordStart = textEnd;
    while (wordStart > pathStart && bytes[wordStart - 1] !== SPACE) wordStart--;
    const isOnlyWord = wordStart === pathStart;
    const hasVersion = !isOnlyWord && isHttpVersion(bytes, wordStart, textEnd);
    const isCutPath = !isLineEnded && bytes[pathStart] === SLASH;
    if (!hasVersion && !isCutPath && !isHttpPort) return false;
    const isCutVersion = !isLineEnded && !isOnlyWord && isVersionStart(bytes, wordStart, textEnd);
    this.pathStart = pathStart;
    this.pathEnd = hasVersion || isCutVersion ? trimEnd(bytes, pathStart, wordStart) : textEnd;
    return true;
  }

  #readHeaders(bytes: Uint8Array, start: number, end: number): void {
    this.hostStart = -1;
    this.userAgentStart = -1;
    this.hostLineEnd = -1;
    this.userAgentLineEnd = -1;
    this.authorizationLineEnd = -1;
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
      this.hostLineEnd = lineEnd;
    } else if (
      letter === USER_AGENT[0] &&
      this.userAgentStart < 0 &&
      hasName(bytes, at, lineEnd, USER_AGENT)
    ) {
      this.userAgentStart = skipBlanks(bytes, at + USER_AGENT.length + 1, lineEnd);
      this.userAgentEnd = trimEnd(bytes, this.userAgentStart, lineEnd);
      this.userAgentLineEnd = lineEnd;
    } else if (
      letter === AUTHORIZATION[0] &&
      this.authorizationLineEnd < 0 &&
      hasName(bytes, at, lineEnd, AUTHORIZATION)
    ) {
      this.authorizationLineEnd = lineEnd;
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

/** `bytes[start, end)` may go on to be a request or a response: it breaks off in the method, before the target, or in the status. */
export function isBeginning(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at] === CR || bytes[at] === LF)) at++;
  if (at === end) return false;
  if (isVersionStart(bytes, at, end)) return endOfLine(bytes, at, end) === end;
  const candidates = METHODS_BY_LETTER[bytes[at]! - 0x41];
  return candidates?.some((method) => isMethodAlone(bytes, at, end, method)) ?? false;
}

/** The method or a part of it, or the method and blanks. */
function isMethodAlone(bytes: Uint8Array, start: number, end: number, method: Uint8Array): boolean {
  for (let i = start; i < end; i++)
    if (bytes[i] !== (i - start < method.length ? method[i - start] : SPACE)) return false;
  return true;
}

function startsWith(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}

function isHttpVersion(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= VERSION_PREFIX.length && isVersionStart(bytes, at, at + VERSION_PREFIX.length);
}

/** The word is the beginning of "HTTP/", or "HTTP/" and more. */
function isVersionStart(bytes: Uint8Array, at: number, end: number): boolean {
  const length = Math.min(end - at, VERSION_PREFIX.length);
  for (let i = 0; i < length; i++) if (bytes[at + i] !== VERSION_PREFIX[i]) return false;
  return true;
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

function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
