/** A DNS message into a row: the columns, the details, and what is malformed. */
import type { AppRow } from '../app-row.ts';
import type { Span } from '../span.ts';
import { DnsDetail } from './dns-detail.ts';
import type { DnsDialect } from './dns-dialect.ts';
import { DnsMessage } from './dns-message.ts';

export class DnsRows {
  readonly #dns = new DnsMessage();
  readonly #detail: DnsDetail;

  constructor(dialect: DnsDialect) {
    this.#detail = new DnsDetail(dialect);
  }

  /** `message`: without the length that TCP puts before it. `messageBytes`: what it has or should have. */
  fill(row: AppRow, message: Span, messageBytes: number): void {
    const dns = this.#dns;
    const { batch, row: at } = row;
    if (dns.at(message.view, message.start, message.end, message.wireEnd)) {
      const { isResponse } = dns;
      batch.dnsQuery[at] = isResponse ? 0 : 1;
      batch.dnsResponse[at] = isResponse ? 1 : 0;
      let qname: string | null = null;
      if (dns.name.length >= 0) {
        qname = row.text.read(dns.name.bytes, 0, dns.name.length);
        batch.dnsQname.set(at, qname);
        batch.dnsQtype[at] = dns.qtype;
      }
      if (isResponse) {
        if (!dns.isUpdate) batch.dnsAnswerCount[at] = dns.answerCount;
        batch.dnsAnswerSize[at] = messageBytes;
      }
      row.detail(this.#detail.read(dns, message, qname, row.text));
      if (this.#detail.hasBadRecord && !dns.isMalformed) row.nameAnomaly('dns_bad_record');
    }
    if (dns.isMalformed) row.nameAnomaly('dns_malformed');
  }
}
