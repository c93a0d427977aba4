/**
 * DNS over UDP and TCP (RFC 1035, RFC 7766).
 *
 * Over TCP a length stands before each message, and messages that go on in the next segment are joined. A row
 * tells the first message that ended in its segment.
 */
import { Protocol } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { UNICAST } from '../dns/dns-dialect.ts';
import { DNS_HEADER_BYTES } from '../dns/dns-message.ts';
import { DnsRows } from '../dns/dns-rows.ts';
import { Span } from '../span.ts';

const PORT = 53;
const LENGTH_BYTES = 2;

export const dns: AppProtocol = {
  name: 'dns',
  udpPorts: [PORT],
  tcpPorts: [PORT],
  createReader: () => new DnsReader(),
};

class DnsReader implements AppReader {
  readonly #rows = new DnsRows(UNICAST);
  readonly #message = new Span();

  read(payload: Span, row: AppRow): number {
    const { batch, row: at } = row;
    if (batch.protocol[at] === Protocol.TCP) return this.#readStream(payload, row);
    this.#rows.fill(row, payload, payload.wireEnd - payload.start);
    return READ;
  }

  #readStream(payload: Span, row: AppRow): number {
    const { view, start, end } = payload;
    if (end - start < LENGTH_BYTES) {
      if (row.isLast) return NOT_MINE;
      row.isUnsure = true;
      return LENGTH_BYTES;
    }
    // A single byte that was no half of a length: a keep-alive probe.
    if (row.readBefore === 1 && view.getUint16(start) < DNS_HEADER_BYTES) return NOT_MINE;
    let isFilled = false;
    let at = start;
    while (end - at >= LENGTH_BYTES) {
      const messageBytes = view.getUint16(at);
      const after = at + LENGTH_BYTES + messageBytes;
      if (after > end && !row.isLast) return after - start;
      const isNew = after > start + row.readBefore && end - at > LENGTH_BYTES;
      if (isNew && !isFilled) {
        this.#fill(payload, at + LENGTH_BYTES, messageBytes, row);
        isFilled = true;
      }
      // What is no message tells no length either.
      if (after >= end || messageBytes < DNS_HEADER_BYTES) return READ;
      at = after;
    }
    return row.isLast ? READ : at + LENGTH_BYTES - start;
  }

  #fill(payload: Span, start: number, messageBytes: number, row: AppRow): void {
    const message = this.#message;
    message.view = payload.view;
    message.bytes = payload.bytes;
    message.start = start;
    message.wireEnd = start + messageBytes;
    message.end = Math.min(payload.end, message.wireEnd);
    this.#rows.fill(row, message, messageBytes);
  }
}
