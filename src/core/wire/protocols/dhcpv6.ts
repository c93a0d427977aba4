/** DHCPv6 (RFC 8415): the message type and the client's qualified name (RFC 4704); of a relayed message those of the message inside. */
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject } from '../detail-object.ts';
import { DnsName } from '../dns/dns-name.ts';
import { Span } from '../span.ts';

const MESSAGE_TYPES = [
  ...['', 'solicit', 'advertise', 'request', 'confirm', 'renew', 'rebind', 'reply', 'release'],
  ...['decline', 'reconfigure', 'information_request', 'relay_forward', 'relay_reply'],
];
const RELAY_FORWARD = 12;
const RELAY_REPLY = 13;
/** Type and transaction. */
const HEADER_BYTES = 4;
/** Type, hop count and two addresses. */
const RELAY_HEADER_BYTES = 34;
const OPTION_HEADER_BYTES = 4;
const RELAY_MESSAGE = 9;
const VENDOR_CLASS = 16;
const CLIENT_FQDN = 39;
const MAX_OPTIONS = 64;
/** RFC 8415 §7.6: relays chain at most this often. */
const MAX_HOPS = 8;
const VENDOR_CLASS_HEADER_BYTES = 6;
const MAX_TEXT_BYTES = 255;

export const dhcpv6: AppProtocol = {
  name: 'dhcpv6',
  udpPorts: [546, 547],
  createReader: () => new Dhcpv6Reader(),
};

class Dhcpv6Reader implements AppReader {
  readonly #detail = new DetailObject();
  readonly #name = new DnsName();
  /** The relayed message, where there is one. */
  readonly #inner = new Span();

  read(payload: Span, row: AppRow): number {
    const { view, start, end } = payload;
    if (end - start < HEADER_BYTES) return NOT_MINE;
    const type = MESSAGE_TYPES[view.getUint8(start)];
    if (!type) return NOT_MINE;
    const detail = this.#detail;
    detail.begin();
    detail.text('type', type);
    const inner = this.#inner;
    inner.view = view;
    inner.bytes = payload.bytes;
    inner.start = start;
    inner.end = end;
    let hops = 0;
    while (hops < MAX_HOPS && this.#descend(inner)) hops++;
    if (hops > 0) detail.text('relayed', MESSAGE_TYPES[view.getUint8(inner.start)] || 'other');
    this.#readOptions(inner, row);
    detail.putInto(row);
    return READ;
  }

  /** Goes to the message that this one relays; false where it relays none. */
  #descend(message: Span): boolean {
    const { view, start, end } = message;
    if (!isRelay(view.getUint8(start))) return false;
    let at = start + RELAY_HEADER_BYTES;
    for (let count = 0; count < MAX_OPTIONS && at + OPTION_HEADER_BYTES <= end; count++) {
      const dataStart = at + OPTION_HEADER_BYTES;
      const dataEnd = dataStart + view.getUint16(at + 2);
      if (dataEnd > end) return false;
      if (view.getUint16(at) === RELAY_MESSAGE && dataEnd > dataStart) {
        message.start = dataStart;
        message.end = dataEnd;
        return true;
      }
      at = dataEnd;
    }
    return false;
  }

  #readOptions(message: Span, row: AppRow): void {
    const { view, start, end } = message;
    if (isRelay(view.getUint8(start))) return;
    let at = start + HEADER_BYTES;
    for (let count = 0; count < MAX_OPTIONS && at + OPTION_HEADER_BYTES <= end; count++) {
      const option = view.getUint16(at);
      const dataStart = at + OPTION_HEADER_BYTES;
      const dataEnd = dataStart + view.getUint16(at + 2);
      if (dataEnd > end) return;
      if (option === CLIENT_FQDN) this.#readFqdn(message, dataStart + 1, dataEnd, row);
      else if (option === VENDOR_CLASS) this.#readVendorClass(message, dataStart, dataEnd, row);
      at = dataEnd;
    }
  }

  /** A name that is not qualified lacks the zero at its end (RFC 4704 §4.2). */
  #readFqdn({ view, bytes }: Span, start: number, end: number, row: AppRow): void {
    if (start >= end) return;
    const name = this.#name;
    if (name.read(view, start, start, end) >= 0)
      this.#detail.text('fqdn', row.text.read(name.bytes, 0, name.length));
    else if (start + 1 + view.getUint8(start) === end)
      this.#detail.text('fqdn', row.text.read(bytes, start + 1, end));
  }

  /** Enterprise number, then the first class with its length. */
  #readVendorClass({ view, bytes }: Span, start: number, end: number, row: AppRow): void {
    const text = start + VENDOR_CLASS_HEADER_BYTES;
    if (text >= end) return;
    const textEnd = Math.min(end, text + view.getUint16(text - 2), text + MAX_TEXT_BYTES);
    this.#detail.text('vendor_class', row.text.read(bytes, text, textEnd));
  }
}

function isRelay(type: number): boolean {
  return type === RELAY_FORWARD || type === RELAY_REPLY;
}
