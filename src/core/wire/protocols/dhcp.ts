/**
 * DHCP (RFC 2131): what a machine calls itself (options 12, 60 and 81), what it asks for (50, 55) and what it is
 * given. Options may go on in the header's file and server name fields (RFC 2132 §9.3).
 */
import { formatIpv4, formatMac } from '../address.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject } from '../detail-object.ts';
import { DnsName } from '../dns/dns-name.ts';
import type { Span } from '../span.ts';

const ETHERNET = 1;
const MAC_BYTES = 6;
const MAX_HARDWARE_BYTES = 16;
const CLIENT_ADDRESS = 12;
const YOUR_ADDRESS = 16;
const HARDWARE_ADDRESS = 28;
const SERVER_NAME = 44;
const FILE = 108;
const COOKIE = 236;
const MAGIC = 0x63825363;
const OPTIONS = 240;
const MAX_OPTIONS = 128;
const MAX_PARAMETERS = 64;

const Option = {
  PAD: 0,
  HOST_NAME: 12,
  DOMAIN_NAME: 15,
  REQUESTED_ADDRESS: 50,
  LEASE_TIME: 51,
  OVERLOAD: 52,
  MESSAGE_TYPE: 53,
  SERVER: 54,
  PARAMETERS: 55,
  VENDOR_CLASS: 60,
  CLIENT_FQDN: 81,
  END: 255,
} as const;

const MESSAGE_TYPES = [
  ...['', 'discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'],
  ...['forcerenew', 'leasequery', 'leaseunassigned', 'leaseunknown', 'leaseactive'],
];
const OVERLOAD_FILE = 1;
const OVERLOAD_SERVER_NAME = 2;
/** RFC 4702 §2.1: the name is in DNS's form. */
const FQDN_IS_ENCODED = 4;
const FQDN_HEADER_BYTES = 3;

export const dhcp: AppProtocol = {
  name: 'dhcp',
  udpPorts: [67, 68],
  createReader: () => new DhcpReader(),
};

class DhcpReader implements AppReader {
  readonly #detail = new DetailObject();
  readonly #name = new DnsName();
  #overload = 0;

  read(payload: Span, row: AppRow): number {
    if (!isDhcp(payload)) return NOT_MINE;
    const { view, start, end } = payload;
    const detail = this.#detail;
    detail.begin();
    this.#overload = 0;
    this.#readHeader(view, start, end);
    if (end < payload.wireEnd) detail.cut();
    this.#readOptions(payload, start + OPTIONS, end, row);
    if ((this.#overload & OVERLOAD_FILE) !== 0)
      this.#readOptions(payload, start + FILE, Math.min(end, start + COOKIE), row);
    if ((this.#overload & OVERLOAD_SERVER_NAME) !== 0)
      this.#readOptions(payload, start + SERVER_NAME, Math.min(end, start + FILE), row);
    detail.putInto(row);
    return READ;
  }

  #readHeader(view: DataView, start: number, end: number): void {
    const isEthernet =
      view.getUint8(start + 1) === ETHERNET && view.getUint8(start + 2) === MAC_BYTES;
    const mac = start + HARDWARE_ADDRESS;
    if (isEthernet && mac + MAC_BYTES <= end)
      this.#detail.text(
        'client_mac',
        formatMac(view.getUint16(mac) * 0x1_0000_0000 + view.getUint32(mac + 2)),
      );
    this.#address('client_ip', view, start + CLIENT_ADDRESS, end);
    this.#address('assigned_ip', view, start + YOUR_ADDRESS, end);
  }

  #readOptions(payload: Span, start: number, end: number, row: AppRow): void {
    const { view } = payload;
    let at = start;
    for (let count = 0; count < MAX_OPTIONS && at < end; count++) {
      const option = view.getUint8(at);
      if (option === Option.END) return;
      if (option === Option.PAD) {
        at++;
        continue;
      }
      const dataStart = at + 2;
      if (dataStart > end) return;
      const dataEnd = dataStart + view.getUint8(at + 1);
      if (dataEnd > end) return;
      this.#take(option, payload, dataStart, dataEnd, row);
      at = dataEnd;
    }
  }

  #take(option: number, payload: Span, start: number, end: number, row: AppRow): void {
    const { view, bytes } = payload;
    const detail = this.#detail;
    if (start === end) return;
    switch (option) {
      case Option.MESSAGE_TYPE: {
        const type = view.getUint8(start);
        detail.text('type', MESSAGE_TYPES[type] || `${type}`);
        break;
      }
      case Option.HOST_NAME:
        detail.text('host_name', textOf(bytes, start, end, row));
        break;
      case Option.DOMAIN_NAME:
        detail.text('domain', textOf(bytes, start, end, row));
        break;
      case Option.VENDOR_CLASS:
        detail.text('vendor_class', textOf(bytes, start, end, row));
        break;
      case Option.REQUESTED_ADDRESS:
        this.#address('requested_ip', view, start, end);
        break;
      case Option.SERVER:
        this.#address('server_ip', view, start, end);
        break;
      case Option.LEASE_TIME:
        if (end - start === 4) detail.number('lease_seconds', view.getUint32(start));
        break;
      case Option.PARAMETERS:
        detail.json('parameters', listOf(bytes, start, end));
        break;
      case Option.CLIENT_FQDN:
        this.#readFqdn(payload, start, end, row);
        break;
      case Option.OVERLOAD:
        this.#overload |= view.getUint8(start);
    }
  }

  #readFqdn({ view, bytes }: Span, start: number, end: number, row: AppRow): void {
    const nameStart = start + FQDN_HEADER_BYTES;
    if (nameStart >= end) return;
    if ((view.getUint8(start) & FQDN_IS_ENCODED) === 0) {
      this.#detail.text('fqdn', textOf(bytes, nameStart, end, row));
      return;
    }
    // A name that is not qualified may lack the zero at its end; then it is not told.
    const name = this.#name;
    if (name.read(view, nameStart, nameStart, end) >= 0)
      this.#detail.text('fqdn', row.text.read(name.bytes, 0, name.length));
  }

  /** Left out where it is not there or 0.0.0.0. */
  #address(name: string, view: DataView, at: number, end: number): void {
    if (at + 4 > end) return;
    const address = view.getUint32(at);
    if (address !== 0) this.#detail.text(name, formatIpv4(address));
  }
}

/** A request or reply with DHCP's cookie; where the capture cut the cookie, its place was there. */
function isDhcp({ view, start, end, wireEnd }: Span): boolean {
  if (wireEnd - start < OPTIONS || end - start < HARDWARE_ADDRESS) return false;
  const operation = view.getUint8(start);
  if (operation !== 1 && operation !== 2) return false;
  if (view.getUint8(start + 2) > MAX_HARDWARE_BYTES) return false;
  return end - start < OPTIONS || view.getUint32(start + COOKIE) === MAGIC;
}

/** Some senders end their texts with a zero byte. */
function textOf(bytes: Uint8Array, start: number, end: number, row: AppRow): string {
  let last = end;
  while (last > start && bytes[last - 1] === 0) last--;
  return row.text.read(bytes, start, last);
}

function listOf(bytes: Uint8Array, start: number, end: number): string {
  let list = '';
  for (let at = start; at < Math.min(end, start + MAX_PARAMETERS); at++)
    list += at === start ? `${bytes[at]}` : `,${bytes[at]}`;
  return `[${list}]`;
}
