/**
 * What a payload says: offers it to the readers of the protocols that may have sent it, in the catalogue's
 * order, and fills the row with what the first of them to know it finds.
 *
 * Messages of TCP that go on in the next segment are joined, see `stream-joiner.ts`. What is known then
 * stands in the row of the segment that completed it.
 */
import { AppEvent, type PacketBatch } from '../../contract/packet-batch.ts';
import { type AppReader, NOT_MINE, READ } from './app-protocol.ts';
import { AppRow } from './app-row.ts';
import { type ProtocolTable, protocolTable } from './protocol-table.ts';
import { APP_PROTOCOLS } from './protocols.ts';
import { Span } from './span.ts';
import { Joined, StreamJoiner } from './stream-joiner.ts';

const CR = 0x0d;
const LF = 0x0a;

const TCP = protocolTable(APP_PROTOCOLS, 'tcp');
const UDP = protocolTable(APP_PROTOCOLS, 'udp');

export class ApplicationReader {
  readonly #row = new AppRow();
  readonly #tcp = new OfferedReaders(TCP);
  readonly #udp = new OfferedReaders(UDP);
  readonly #streams = new StreamJoiner();
  readonly #joined = new Span();

  /** Begun messages that were given up because others needed their place. */
  get evictedMessages(): number {
    return this.#streams.evicted;
  }

  /** What the protocols' own readers gave up. */
  get givenUp(): number {
    return this.#tcp.givenUp + this.#udp.givenUp;
  }

  /** `payload`: all above the UDP header, at least one byte of it captured. */
  readDatagram(batch: PacketBatch, row: number, payload: Span): void {
    const mask = masksOf(UDP, batch, row, payload);
    if (mask === 0) return;
    const app = this.#at(batch, row);
    app.isLast = true;
    this.#udp.offer(mask, payload, app);
  }

  /**
   * `payload`: all above the TCP header, at least one byte of it captured. `isWhole`: it begins and ends where
   * the segment does, so that it can be joined to the next. `isAccepted`: the receiver takes it; what it throws
   * away belongs to no message.
   */
  readSegment(
    batch: PacketBatch,
    row: number,
    payload: Span,
    isWhole: boolean,
    isAccepted: boolean,
  ): void {
    const slot = isAccepted ? this.#streams.find(batch, row) : -1;
    if (slot >= 0 && this.#goesOn(slot, batch, row, payload, isWhole)) return;
    const mask = masksOf(TCP, batch, row, payload);
    if (mask !== 0) {
      const app = this.#at(batch, row);
      app.isLast = !isWhole || !isAccepted;
      const answer = this.#tcp.offer(mask, payload, app);
      if (answer > READ && !app.isLast)
        this.#streams.begin(batch, row, payload, this.#tcp.lastTaker, answer);
      if (answer !== NOT_MINE) return;
    }
    if (endsHeaders(payload.bytes, payload.start, payload.end))
      batch.appEvents[row]! |= AppEvent.HTTP_HEADERS_END;
  }

  /** True where the segment belongs to a message that was begun before. */
  #goesOn(slot: number, batch: PacketBatch, row: number, payload: Span, isWhole: boolean): boolean {
    const streams = this.#streams;
    const joined = streams.append(slot, batch.seq[row]!, payload);
    if (joined === Joined.FOREIGN) return false;
    if (joined === Joined.NOTHING) return true;
    const isLast = !isWhole || streams.isFull(slot);
    if (!isLast && !streams.isWorthReading(slot)) return true;
    const span = this.#joined;
    streams.show(slot, span);
    const app = this.#at(batch, row);
    app.readBefore = streams.readBefore(slot);
    app.isLast = isLast;
    let answer = this.#tcp.readAgain(streams.protocolOf(slot), span, app);
    if (answer === NOT_MINE) answer = this.#readAnew(slot, batch, row, span, app);
    if (answer > READ && !isLast) streams.wait(slot, answer);
    else streams.end(slot);
    return answer !== NOT_MINE;
  }

  /** The message turned out not to be what its beginning looked like: the others are asked. */
  #readAnew(slot: number, batch: PacketBatch, row: number, message: Span, app: AppRow): number {
    const refused = 1 << this.#streams.protocolOf(slot);
    const mask = masksOf(TCP, batch, row, message) & ~refused;
    if (mask === 0) return NOT_MINE;
    app.readBefore = 0;
    app.isUnsure = false;
    const answer = this.#tcp.offer(mask, message, app);
    if (answer > READ) this.#streams.setProtocol(slot, this.#tcp.lastTaker);
    return answer;
  }

  #at(batch: PacketBatch, row: number): AppRow {
    const app = this.#row;
    app.batch = batch;
    app.row = row;
    app.srcPort = batch.srcPort[row]!;
    app.dstPort = batch.dstPort[row]!;
    app.readBefore = 0;
    app.isUnsure = false;
    return app;
  }
}

/** The readers of one transport. */
class OfferedReaders {
  /** Index of the protocol that took the last payload. */
  lastTaker = -1;
  readonly #names: readonly string[];
  readonly #readers: readonly AppReader[];
  /** Codes of the names in the batch's dictionary, as far as they are still right. */
  readonly #codes: Int32Array;

  constructor(table: ProtocolTable) {
    this.#names = table.names;
    this.#readers = table.createReaders();
    this.#codes = new Int32Array(table.names.length).fill(-1);
  }

  get givenUp(): number {
    return this.#readers.reduce((sum, { givenUp = 0 }) => sum + givenUp, 0);
  }

  /** Asks the protocols of `mask` in order; answers what the first that knows the payload answers. */
  offer(mask: number, payload: Span, app: AppRow): number {
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const index = 31 - Math.clz32(rest & -rest);
      const answer = this.#readers[index]!.read(payload, app);
      if (answer === NOT_MINE) continue;
      this.lastTaker = index;
      if (!app.isUnsure) this.#name(index, app);
      return answer;
    }
    return NOT_MINE;
  }

  readAgain(index: number, message: Span, app: AppRow): number {
    const reader = this.#readers[index]!;
    const { bytes, start, end } = message;
    const from = start + app.readBefore;
    if (!app.isLast && reader.hasMore !== undefined && !reader.hasMore(bytes, start, end, from))
      return end - start + 1;
    const answer = reader.read(message, app);
    if (answer !== NOT_MINE && !app.isUnsure) this.#name(index, app);
    return answer;
  }

  #name(index: number, app: AppRow): void {
    const column = app.batch.appProtocol;
    const name = this.#names[index]!;
    let code = this.#codes[index]!;
    if (code < 0 || column.values[code] !== name) {
      code = column.codeFor(name);
      this.#codes[index] = code;
    }
    column.codes[app.row] = code;
  }
}

function masksOf(table: ProtocolTable, batch: PacketBatch, row: number, payload: Span): number {
  const { byPort, byFirstByte } = table;
  return (
    byPort[batch.srcPort[row]!]! |
    byPort[batch.dstPort[row]!]! |
    byFirstByte[payload.bytes[payload.start]!]!
  );
}

/** The rest of a request's headers whose beginning is not known any more: a text that ends in a blank line. */
function endsHeaders(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || bytes[end - 1] !== LF || bytes[end - 2] !== CR) return false;
  if (end - start === 2) return true;
  const isText = bytes[start]! >= 0x20 && bytes[start]! < 0x7f;
  const opensWithEnd = bytes[start] === CR && bytes[start + 1] === LF;
  return (
    (isText || opensWithEnd) && end - start >= 4 && bytes[end - 3] === LF && bytes[end - 4] === CR
  );
}
