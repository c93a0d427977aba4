/** DTLS on any UDP port (RFC 6347, RFC 9147): hellos, as far as one record holds them; fragments are not joined. */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import type { Span } from '../span.ts';
import { HelloRows, helloEvent } from '../tls/hello-rows.ts';

const HANDSHAKE = 22;
/** DTLS1_BAD_VER: what OpenSSL spoke before the standard, and Cisco AnyConnect still does. */
const OPENSSL_VERSION = 0x0100;
const RECORD_HEADER_BYTES = 13;
const HANDSHAKE_HEADER_BYTES = 12;
/** Fields of the record's header, then of the handshake's. */
const EPOCH = 3;
const RECORD_LENGTH = 11;
const MESSAGE_LENGTH = 0;
const FRAGMENT_OFFSET = 5;

export const dtls: AppProtocol = {
  name: 'dtls',
  udpFirstBytes: [HANDSHAKE],
  createReader: () => new DtlsReader(),
};

class DtlsReader implements AppReader {
  readonly #rows = new HelloRows();

  read({ view, bytes, start, end, wireEnd }: Span, row: AppRow): number {
    if (end - start < RECORD_HEADER_BYTES || !isHandshake(view, start, wireEnd)) return NOT_MINE;
    const message = start + RECORD_HEADER_BYTES;
    const hello = message + HANDSHAKE_HEADER_BYTES;
    const isEncrypted = view.getUint16(start + EPOCH) !== 0;
    if (isEncrypted || hello > end) return READ;
    const event = helloEvent(view.getUint8(message));
    if (event === 0 || u24(view, message + 1 + FRAGMENT_OFFSET) !== 0) return READ;
    row.note(event);
    const messageEnd = hello + u24(view, message + 1 + MESSAGE_LENGTH);
    const recordEnd = message + view.getUint16(start + RECORD_LENGTH);
    const helloEnd = Math.min(messageEnd, recordEnd, end);
    const rows = this.#rows;
    if (event === AppEvent.TLS_CLIENT_HELLO) {
      rows.client.readDatagram(view, hello, helloEnd);
      rows.putClient(row, bytes, helloEnd === messageEnd, 'd');
    } else {
      rows.server.read(view, hello, helloEnd);
      rows.putServer(row, bytes);
    }
    return READ;
  }
}

/** Version 1.0, the same in early OpenSSL, or 1.2, in which 1.3 begins, too; and a length that fits the datagram. */
function isHandshake(view: DataView, start: number, wireEnd: number): boolean {
  const version = view.getUint16(start + 1);
  const recordBytes = view.getUint16(start + RECORD_LENGTH);
  return (
    view.getUint8(start) === HANDSHAKE &&
    (version === 0xfeff || version === 0xfefd || version === OPENSSL_VERSION) &&
    recordBytes > 0 &&
    start + RECORD_HEADER_BYTES + recordBytes <= wireEnd
  );
}

function u24(view: DataView, at: number): number {
  return (view.getUint8(at) << 16) | view.getUint16(at + 1);
}
