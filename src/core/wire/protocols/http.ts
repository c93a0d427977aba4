/**
 * HTTP/1 on any TCP port (RFC 9112), its heads joined over segments.
 *
 * The request line stands in the row of the segment in which it ends, and what there is of it also in the row in
 * which it begins; Host, User-Agent and the end of the headers in the row of the segment that brought them.
 * Bodies are not read.
 */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { HttpMessage, isBeginning, MAX_PATH_CHARS } from '../http.ts';
import type { Span } from '../span.ts';

/** tshark's list; on these a request line needs no version. */
const HTTP_PORTS: readonly number[] = [
  80, 631, 1900, 2710, 2869, 3128, 3132, 3689, 5985, 8000, 8008, 8080, 8088, 11371,
];
const IS_HTTP_PORT = new Set(HTTP_PORTS);

const SLASH = 0x2f;
const ASTERISK = 0x2a;
/** Of "http://". */
const LOWER_H = 0x68;
const CR = 0x0d;
const LF = 0x0a;
const UPPER_CASE = Array.from({ length: 26 }, (_, letter) => 0x41 + letter);

/**
 * Targets that a POST logs in at: "auth" but not "author" (though "authorize"). Of a query only the action counts: a
 * program shows its key there with every request.
 */
const LOGIN_TARGET =
  /^[^?]*(?:log-?[io]n|sign-?in|session|auth(?!or(?!i)))|^[^?]*\?.*\b(?:action|do|mode|op|page|task|view)=(?:log|sign)-?[io]n/i;

export const http: AppProtocol = {
  name: 'http',
  tcpFirstBytes: [CR, LF, ...UPPER_CASE],
  createReader: () => new HttpReader(),
};

/** A POST to a path that looks like a log-in; records that come as JSON are judged by it too. */
export function isLogin(method: string | null, path: string | null): boolean {
  return method === 'POST' && path !== null && LOGIN_TARGET.test(path);
}

class HttpReader implements AppReader {
  readonly #http = new HttpMessage();

  read(payload: Span, row: AppRow): number {
    const http = this.#http;
    const { bytes, start, end } = payload;
    const isHttpPort = IS_HTTP_PORT.has(row.srcPort) || IS_HTTP_PORT.has(row.dstPort);
    if (!http.at(bytes, start, end, isHttpPort)) {
      if (row.isLast || !isBeginning(bytes, start, end)) return NOT_MINE;
      row.isUnsure = true;
      return end - start + 1;
    }
    if (!http.isRequest) {
      row.batch.httpStatus[row.row] = http.status;
      row.note(AppEvent.HTTP_RESPONSE);
      return READ;
    }
    takeRequest(http, bytes, start + row.readBefore, isHttpPort, row);
    return http.hasHeadersEnd || !canGoOn(http, bytes) ? READ : end - start + 1;
  }

  /** Only a line that ends tells more than was known. */
  hasMore(bytes: Uint8Array, _start: number, end: number, from: number): boolean {
    for (let i = from; i < end; i++) if (bytes[i] === LF) return true;
    return false;
  }
}

/** A line that has not ended is waited for only where its target is one (RFC 9112 §3.2): text that begins like a method is not. */
function canGoOn({ isLineEnded, pathStart }: HttpMessage, bytes: Uint8Array): boolean {
  const first = bytes[pathStart];
  return isLineEnded || first === SLASH || first === ASTERISK || first === LOWER_H;
}

/** Fills in what ended at or behind `from`; what ended before it stands in an earlier row. */
function takeRequest(
  http: HttpMessage,
  bytes: Uint8Array,
  from: number,
  isHttpPort: boolean,
  row: AppRow,
): void {
  const { batch } = row;
  // Before its target began, or on other ports its version stood there, it could not be told from other text.
  const wasTold =
    from > http.lineEnd ||
    (from > http.pathStart && (isHttpPort || bytes[http.pathStart] === SLASH));
  let events: number = wasTold ? 0 : AppEvent.HTTP_REQUEST;
  const isLineNew = http.lineEnd >= from && (http.isLineEnded || row.isLast);
  if (isLineNew || !wasTold) takeTarget(http, bytes, row);
  if (isNew(http.hostLineEnd, from, row, http))
    batch.httpHost.set(row.row, row.text.read(bytes, http.hostStart, http.hostEnd));
  if (isNew(http.userAgentLineEnd, from, row, http))
    batch.httpUserAgent.set(row.row, row.text.read(bytes, http.userAgentStart, http.userAgentEnd));
  if (http.hasHeadersEnd) events |= AppEvent.HTTP_HEADERS_END;
  const hasCredentials = isNew(http.authorizationLineEnd, from, row, http);
  if (hasCredentials || (isLineNew && isLoginRow(row))) events |= AppEvent.HTTP_LOGIN;
  row.note(events);
}

/** The header's line ended in this segment; or it will not end, and what is there of it counts. */
function isNew(lineEnd: number, from: number, row: AppRow, http: HttpMessage): boolean {
  return lineEnd >= from && (lineEnd < http.end || row.isLast);
}

function takeTarget(http: HttpMessage, bytes: Uint8Array, row: AppRow): void {
  const { batch } = row;
  const pathEnd = Math.min(http.pathEnd, http.pathStart + MAX_PATH_CHARS);
  batch.httpMethod.set(row.row, row.text.read(bytes, http.methodStart, http.methodEnd));
  batch.httpPath.set(row.row, row.text.read(bytes, http.pathStart, pathEnd));
}

function isLoginRow({ batch, row }: AppRow): boolean {
  return isLogin(batch.httpMethod.get(row), batch.httpPath.get(row));
}
