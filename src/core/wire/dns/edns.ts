/** EDNS (RFC 6891): the OPT record as JSON, with client subnet (RFC 7871) and extended error (RFC 8914) read out. */
import { formatIp, formatIpv4 } from '../address.ts';

const CLIENT_SUBNET = 8;
const EXTENDED_ERROR = 15;
const OPTION_HEADER_BYTES = 4;
const SUBNET_HEADER_BYTES = 4;
const IPV4_FAMILY = 1;
const IPV6_FAMILY = 2;
const DNSSEC_OK = 0x8000;
/** More are not told. */
const MAX_OPTIONS = 16;
/** The longest text that `read` answers. */
export const MAX_EDNS_CHARS = 256;

export class Edns {
  /** Eight bits that stand above the header's response code. */
  upperRcode = 0;
  /** An option does not fit the record. */
  isBad = false;
  #options = '';
  #facts = '';
  readonly #address = new Uint8Array(16);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #words = new Uint32Array(4);
  // Senders say the same in message after message.
  #fixedKey = -1;
  #fixedText = '';

  /** `payloadBytes` and `flags`: the record's class and TTL; its data is `view[start, end)`. */
  read(view: DataView, payloadBytes: number, flags: number, start: number, end: number): string {
    this.upperRcode = flags >>> 24;
    this.isBad = false;
    const key = payloadBytes * 0x1_0000_0000 + flags;
    if (key !== this.#fixedKey) {
      const claim = (flags & DNSSEC_OK) !== 0 ? ',"do":true' : '';
      this.#fixedKey = key;
      this.#fixedText = `,"edns":{"udp":${payloadBytes},"version":${(flags >>> 16) & 0xff}${claim}`;
    }
    if (start === end) return `${this.#fixedText}}`;
    this.#readOptions(view, start, end);
    const options = this.#options === '' ? '' : `,"options":[${this.#options}]`;
    return `${this.#fixedText}${options}${this.#facts}}`;
  }

  #readOptions(view: DataView, start: number, end: number): void {
    this.#options = '';
    this.#facts = '';
    let at = start;
    for (let told = 0; at < end && told < MAX_OPTIONS; told++) {
      const dataStart = at + OPTION_HEADER_BYTES;
      const dataEnd = dataStart > end ? -1 : dataStart + view.getUint16(at + 2);
      if (dataEnd < 0 || dataEnd > end) {
        this.isBad = true;
        return;
      }
      const code = view.getUint16(at);
      this.#options += told === 0 ? `${code}` : `,${code}`;
      if (this.#facts === '') this.#facts = this.#factsOf(code, view, dataStart, dataEnd);
      at = dataEnd;
    }
  }

  #factsOf(code: number, view: DataView, start: number, end: number): string {
    if (code === CLIENT_SUBNET) return this.#subnet(view, start, end);
    if (code === EXTENDED_ERROR && end - start >= 2) return `,"error":${view.getUint16(start)}`;
    return '';
  }

  #subnet(view: DataView, start: number, end: number): string {
    if (end - start < SUBNET_HEADER_BYTES) return this.#bad();
    const family = view.getUint16(start);
    const prefixBits = view.getUint8(start + 2);
    const scopeBits = view.getUint8(start + 3);
    const addressBytes = family === IPV4_FAMILY ? 4 : 16;
    if (family !== IPV4_FAMILY && family !== IPV6_FAMILY) return '';
    const given = end - start - SUBNET_HEADER_BYTES;
    if (prefixBits > 8 * addressBytes || given > addressBytes) return this.#bad();
    this.#address.fill(0);
    for (let i = 0; i < given; i++)
      this.#address[i] = view.getUint8(start + SUBNET_HEADER_BYTES + i);
    for (let i = 0; i < 4; i++) this.#words[i] = this.#addressView.getUint32(4 * i);
    const address =
      family === IPV4_FAMILY ? formatIpv4(this.#words[0]!) : formatIp(this.#words, 0, 6);
    const scope = scopeBits === 0 ? '' : `,"scope":${scopeBits}`;
    return `,"subnet":"${address}/${prefixBits}"${scope}`;
  }

  #bad(): string {
    this.isBad = true;
    return '';
  }
}
