/**
 * What an application protocol brings to the decoder: its name, where it is looked for, and a reader.
 * The catalogue is `protocols.ts`; `application.ts` offers payloads to the readers in the catalogue's order.
 *
 * A protocol is looked for on its ports and, whatever the port, by the first byte of a payload. A reader is
 * made once per decoder and reused, so it may keep scratch memory, but nothing from one packet to the next.
 */
import type { AppRow } from './app-row.ts';
import type { Span } from './span.ts';

/** What `read` answers where the payload is not of its protocol; the row is as it was. */
export const NOT_MINE = -1;
/** What `read` answers where the payload is of its protocol and all that is there has been read. */
export const READ = 0;

export interface AppReader {
  /** Messages given up to stay within the reader's own bounds, since it was made; absent: it keeps nothing. */
  readonly givenUp?: number;
  /**
   * Reads the datagram, or what has come of the stream's message, in `[payload.start, payload.end)` (at least
   * one byte) and fills the row. Answers `NOT_MINE`, `READ`, or the bytes from `payload.start` on that the
   * message needs at least, more than are there: then the stream's next segment is joined to it and `read` is
   * called again, with the row of that segment. `row.readBefore` is what earlier calls saw of the same message.
   *
   * A reader that cannot tell yet whether a beginning is one of its messages sets `row.isUnsure` and asks for more.
   * Only whole segments are joined: where the capture cut the payload (`end < wireEnd`), where there is no
   * room, and for datagrams, the answer is taken for `READ`, so what is there has to be filled in all the same
   * as soon as `row.isLast` is true.
   */
  read(payload: Span, row: AppRow): number;
  /**
   * For messages that do not tell their length: whether `read` can do more with `bytes[start, end)` than it
   * could with the part up to `from`. Default: always.
   */
  hasMore?(bytes: Uint8Array, start: number, end: number, from: number): boolean;
}

export interface AppProtocol {
  /** Stands in `app_protocol` of every row that the reader took. */
  readonly name: string;
  /** Payloads to or from these ports are offered. */
  readonly udpPorts?: readonly number[];
  readonly tcpPorts?: readonly number[];
  /** Payloads on any port are offered whose first byte is among these. */
  readonly udpFirstBytes?: readonly number[];
  readonly tcpFirstBytes?: readonly number[];
  readonly createReader: () => AppReader;
}
