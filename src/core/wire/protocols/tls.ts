/**
 * TLS and SSL 3.0 on any TCP port (RFC 8446): the hellos of clients and servers, joined over segments and
 * records. What a hello says stands in the row of the segment that ended it.
 */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import type { Span } from '../span.ts';
import { MAX_HELLO_BYTES } from '../tls/client-hello.ts';
import {
  HANDSHAKE_HEADER_BYTES,
  HandshakeRecords,
  HEAD_BYTES,
  opensHandshake,
} from '../tls/handshake-records.ts';
import { HelloRows, helloEvent } from '../tls/hello-rows.ts';

export const tls: AppProtocol = {
  name: 'tls',
  tcpFirstBytes: [22],
  createReader: () => new TlsReader(),
};

class TlsReader implements AppReader {
  readonly #records = new HandshakeRecords();
  readonly #rows = new HelloRows();

  read(payload: Span, row: AppRow): number {
    const { view, start, end } = payload;
    if (!opensHandshake(view, start, end)) return NOT_MINE;
    if (end - start < HEAD_BYTES) {
      if (row.isLast) return NOT_MINE;
      row.isUnsure = true;
      return HEAD_BYTES;
    }
    const event = helloEvent(view.getUint8(start + HEAD_BYTES - 1));
    if (event === 0) return NOT_MINE;
    if (row.readBefore < HEAD_BYTES) row.note(event);
    const records = this.#records;
    records.read(payload);
    const { need } = records;
    if (need > 0 && !row.isLast && end - start < MAX_HELLO_BYTES) return need;
    this.#fill(row, event);
    return READ;
  }

  #fill(row: AppRow, event: number): void {
    const { view, bytes, isWhole, start, end } = this.#records;
    const hello = Math.min(start + HANDSHAKE_HEADER_BYTES, end);
    const rows = this.#rows;
    if (event === AppEvent.TLS_CLIENT_HELLO) {
      rows.client.read(view, hello, end);
      rows.putClient(row, bytes, isWhole, 't');
    } else {
      rows.server.read(view, hello, end);
      rows.putServer(row, bytes);
    }
  }
}
