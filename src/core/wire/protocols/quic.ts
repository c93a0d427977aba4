/**
 * QUIC on any UDP port (RFC 9000, RFC 9369), by its long headers. The client's hello is read from its Initial
 * packets, also from several; server name, ALPN and JA4 stand in the row of the packet that ended it. Google's
 * versions before the standard are recognised only.
 *
 * A client's first packets are those that RFC 9000 asks for: an ID of at least eight bytes (§7.2) in a datagram
 * of at least 1200 (§14.1). What a server answers is not opened.
 */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { MAX_CRYPTO_BYTES } from '../quic/crypto-stream.ts';
import { type Connection, InitialConnections } from '../quic/initial-connections.ts';
import { readInitialFrames } from '../quic/initial-frames.ts';
import { type InitialKeys, initialKeys } from '../quic/initial-keys.ts';
import { InitialOpener, MAX_PACKET_BYTES } from '../quic/initial-opener.ts';
import { LongHeader } from '../quic/long-header.ts';
import { OpeningBudget } from '../quic/opening-budget.ts';
import { isGoogleVersion } from '../quic/versions.ts';
import type { Span } from '../span.ts';
import { HelloRows } from '../tls/hello-rows.ts';

const LONG_HEADERS = Array.from({ length: 64 }, (_, low) => 0xc0 + low);
/** With a version and an ID of eight bytes, and packet numbers of any size ("QUIC Wire Layout Specification"). */
const GOOGLE_HEADERS = [0x09, 0x0d, 0x19, 0x1d, 0x29, 0x2d, 0x39, 0x3d];
const GOOGLE_VERSION_AT = 9;

const MIN_ID_BYTES = 8;
const MIN_DATAGRAM_BYTES = 1200;
const CLIENT_HELLO = 1;
const HANDSHAKE_HEADER_BYTES = 4;

export const quic: AppProtocol = {
  name: 'quic',
  udpFirstBytes: [...LONG_HEADERS, ...GOOGLE_HEADERS],
  createReader: () => new QuicReader(),
};

export class QuicReader implements AppReader {
  readonly #header = new LongHeader();
  readonly #connections = new InitialConnections();
  readonly #budget = new OpeningBudget();
  readonly #opener = new InitialOpener();
  readonly #rows = new HelloRows();

  /** Connections that lost their place before their hello had come to its end. */
  get evictedConnections(): number {
    return this.#connections.evicted;
  }

  /** Initial packets that were not opened because too many came in a second. */
  get refusedOpenings(): number {
    return this.#budget.refused;
  }

  get givenUp(): number {
    return this.evictedConnections + this.refusedOpenings;
  }

  read(payload: Span, row: AppRow): number {
    const { view, start, end, wireEnd } = payload;
    const header = this.#header;
    if (!header.read(view, start, end, wireEnd))
      return isGoogleHeader(view, start, end) ? READ : NOT_MINE;
    let at = start;
    do {
      if (header.initial !== null) this.#readInitial(payload, at, row);
      at = header.packetEnd;
    } while (at < end && header.read(view, at, end, wireEnd));
    return READ;
  }

  #readInitial(payload: Span, start: number, row: AppRow): void {
    const { idStart, idEnd, packetEnd } = this.#header;
    if (packetEnd - start > MAX_PACKET_BYTES) return;
    const { batch } = row;
    const known = this.#connections.find(batch, row.row);
    if (known?.hasId(payload.bytes, idStart, idEnd)) {
      if (!known.isDone) this.#continue(known, payload, start, row);
      return;
    }
    // Once the server has answered, the client uses an ID that the server chose, and the same keys.
    if (known !== undefined && !known.isDone && this.#continue(known, payload, start, row)) return;
    const isFirst =
      idEnd - idStart >= MIN_ID_BYTES && payload.wireEnd - payload.start >= MIN_DATAGRAM_BYTES;
    if (isFirst && !this.#connections.isAnswer(batch, row.row)) this.#begin(payload, start, row);
  }

  /** False if the connection's keys do not open the packet. */
  #continue(connection: Connection, payload: Span, start: number, row: AppRow): boolean {
    if (!this.#budget.take(row.batch.tsMicros[row.row]!)) return false;
    const contentBytes = this.#open(connection.keys, payload, start);
    if (contentBytes >= 0) this.#add(connection, contentBytes, row);
    return contentBytes >= 0;
  }

  #begin(payload: Span, start: number, row: AppRow): void {
    const { initial, idStart, idEnd } = this.#header;
    if (initial === null || !this.#budget.take(row.batch.tsMicros[row.row]!)) return;
    const id = payload.bytes.slice(idStart, idEnd);
    const keys = initialKeys(initial, id);
    const contentBytes = this.#open(keys, payload, start);
    if (contentBytes < 0) return;
    this.#add(this.#connections.begin(row.batch, row.row, id, keys), contentBytes, row);
  }

  #open(keys: InitialKeys, { bytes }: Span, start: number): number {
    const { numberStart, packetEnd } = this.#header;
    return this.#opener.open(keys, bytes, start, numberStart, packetEnd);
  }

  /** Adds the frames of the packet that was opened, and tells the hello if they complete it. */
  #add(connection: Connection, contentBytes: number, row: AppRow): void {
    const { stream } = connection;
    readInitialFrames(this.#opener.plainView, this.#opener.plain, contentBytes, stream);
    if (stream.length < HANDSHAKE_HEADER_BYTES) return;
    const header = stream.view.getUint32(0);
    const end = HANDSHAKE_HEADER_BYTES + (header & 0xff_ffff);
    const isHello = header >>> 24 === CLIENT_HELLO && end <= MAX_CRYPTO_BYTES;
    connection.isDone = !isHello || stream.length >= end;
    if (!isHello || !connection.isDone) return;
    const rows = this.#rows;
    rows.client.read(stream.view, HANDSHAKE_HEADER_BYTES, end);
    rows.putClient(row, stream.bytes, true, 'q');
    row.note(AppEvent.TLS_CLIENT_HELLO);
  }
}

function isGoogleHeader(view: DataView, start: number, end: number): boolean {
  return (
    end - start >= GOOGLE_VERSION_AT + 4 &&
    GOOGLE_HEADERS.includes(view.getUint8(start)) &&
    isGoogleVersion(view.getUint32(start + GOOGLE_VERSION_AT))
  );
}
