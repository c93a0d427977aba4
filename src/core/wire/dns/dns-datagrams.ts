/** Reads DNS messages that are a datagram each. What comes to a DNS port is taken for DNS: if it is none, that is worth naming. */
import { type AppReader, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import type { Span } from '../span.ts';
import type { DnsDialect } from './dns-dialect.ts';
import { DnsRows } from './dns-rows.ts';

export class DnsDatagrams implements AppReader {
  readonly #rows: DnsRows;

  constructor(dialect: DnsDialect) {
    this.#rows = new DnsRows(dialect);
  }

  read(payload: Span, row: AppRow): number {
    this.#rows.fill(row, payload, payload.wireEnd - payload.start);
    return READ;
  }
}
