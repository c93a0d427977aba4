/**
 * SNMP v1, v2c (RFC 3416) and v3 (RFC 3412): the version and what is asked. The community is a password in all
 * but name: that there is one is told, never which.
 */
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import type { Span } from '../span.ts';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const VERSIONS = [1, 2, -1, 3];
const FIRST_PDU = 0xa0;
const PDUS = [
  'get',
  'get_next',
  'response',
  'set',
  'trap',
  'get_bulk',
  'inform',
  'trap2',
  'report',
];
/** Set in the flags of version 3 where the message is encrypted. */
const PRIVATE = 2;

export const snmp: AppProtocol = {
  name: 'snmp',
  udpPorts: [161, 162],
  createReader: () => new SnmpReader(),
};

class SnmpReader implements AppReader {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #end = 0;
  /** Where the element that was opened last has its content, and where it ends. */
  #content = 0;
  #after = 0;

  read({ view, start, end }: Span, row: AppRow): number {
    this.#view = view;
    this.#end = end;
    if (!this.#open(start, SEQUENCE) || !this.#open(this.#content, INTEGER)) return NOT_MINE;
    if (this.#after - this.#content !== 1) return NOT_MINE;
    const version = VERSIONS[view.getUint8(this.#content)] ?? -1;
    if (version < 0) return NOT_MINE;
    row.detail(version === 3 ? this.#version3() : this.#community(version));
    return READ;
  }

  #community(version: number): string {
    if (!this.#open(this.#after, OCTET_STRING)) return `{"version":${version}}`;
    const hasCommunity = this.#after > this.#content;
    return `{"version":${version},"community":${hasCommunity}${this.#pdu(this.#after)}}`;
  }

  /** Header data with id, size, flags and model; then the security parameters, then the scoped PDU. */
  #version3(): string {
    const head = '{"version":3';
    if (!this.#open(this.#after, SEQUENCE)) return `${head}}`;
    const header = this.#after;
    if (!this.#open(this.#content, INTEGER)) return `${head}}`;
    if (!this.#open(this.#after, INTEGER)) return `${head}}`;
    if (!this.#open(this.#after, OCTET_STRING)) return `${head}}`;
    const flags = this.#after > this.#content ? this.#view.getUint8(this.#content) : 0;
    if ((flags & PRIVATE) !== 0) return `${head},"encrypted":true}`;
    if (!this.#open(header, OCTET_STRING)) return `${head}}`;
    if (!this.#open(this.#after, SEQUENCE)) return `${head}}`;
    if (!this.#open(this.#content, OCTET_STRING)) return `${head}}`;
    if (!this.#open(this.#after, OCTET_STRING)) return `${head}}`;
    return `${head}${this.#pdu(this.#after)}}`;
  }

  #pdu(at: number): string {
    if (at >= this.#end) return '';
    const name = PDUS[this.#view.getUint8(at) - FIRST_PDU];
    return name === undefined ? '' : `,"pdu":"${name}"`;
  }

  /** Whether the element at `at` has this tag, and its header and content are there as far as the capture goes. */
  #open(at: number, tag: number): boolean {
    const view = this.#view;
    if (at + 2 > this.#end || view.getUint8(at) !== tag) return false;
    let length = view.getUint8(at + 1);
    let content = at + 2;
    if (length >= 0x80) {
      const lengthBytes = length & 0x7f;
      if (lengthBytes === 0 || lengthBytes > 4 || content + lengthBytes > this.#end) return false;
      length = 0;
      for (let i = 0; i < lengthBytes; i++) length = length * 256 + view.getUint8(content++);
    }
    this.#content = content;
    this.#after = content + length;
    return tag === SEQUENCE || this.#after <= this.#end;
  }
}
