/** The parameters of SVCB and HTTPS records (RFC 9460 §7 and §14.3) as text: ` alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 ech`. */
import { formatIpv4 } from '../address.ts';
import type { TextReader } from '../text-reader.ts';
import type { DnsStrings } from './dns-strings.ts';
import type { Ipv6Texts } from './ipv6-texts.ts';

const KEYS = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint'];
const ALPN = 1;
const PORT = 3;
const IPV4_HINT = 4;
const IPV6_HINT = 6;
const HEADER_BYTES = 4;
/** More are not told. */
const MAX_PARAMETERS = 16;
const MAX_ADDRESSES = 8;

export class ServiceParameters {
  /** The text does not tell all. */
  hasRest = false;
  readonly #strings: DnsStrings;
  readonly #ipv6: Ipv6Texts;

  constructor(strings: DnsStrings, ipv6: Ipv6Texts) {
    this.#strings = strings;
    this.#ipv6 = ipv6;
  }

  /** Null where a parameter does not fit, or is not what its key demands. */
  read(view: DataView, start: number, end: number, text: TextReader): string | null {
    this.hasRest = false;
    let result = '';
    let at = start;
    for (let told = 0; at < end; told++) {
      if (at + HEADER_BYTES > end) return null;
      const key = view.getUint16(at);
      const valueStart = at + HEADER_BYTES;
      const valueEnd = valueStart + view.getUint16(at + 2);
      if (valueEnd > end) return null;
      at = valueEnd;
      if (told >= MAX_PARAMETERS) {
        this.hasRest = true;
        continue;
      }
      const value = this.#value(key, view, valueStart, valueEnd, text);
      if (value === null) return null;
      const name = KEYS[key] ?? `key${key}`;
      result += value === '' ? ` ${name}` : ` ${name}=${value}`;
    }
    return result;
  }

  /** '' where there is nothing to tell. */
  #value(key: number, view: DataView, start: number, end: number, text: TextReader): string | null {
    switch (key) {
      case ALPN:
        return this.#alpn(view, start, end, text);
      case PORT:
        return end - start === 2 ? `${view.getUint16(start)}` : null;
      case IPV4_HINT:
        return this.#addresses(view, start, end, 4);
      case IPV6_HINT:
        return this.#addresses(view, start, end, 16);
      default:
        this.hasRest ||= end > start;
        return '';
    }
  }

  #alpn(view: DataView, start: number, end: number, text: TextReader): string | null {
    const strings = this.#strings;
    strings.clear();
    let at = start;
    while (at < end) {
      const after = at + 1 + view.getUint8(at);
      if (after > end) return null;
      strings.addListed(view, at + 1, after);
      at = after;
    }
    this.hasRest ||= strings.isCut;
    return at === start ? null : strings.take(text);
  }

  #addresses(view: DataView, start: number, end: number, bytes: 4 | 16): string | null {
    if (end === start || (end - start) % bytes !== 0) return null;
    const last = Math.min(end, start + MAX_ADDRESSES * bytes);
    this.hasRest ||= last < end;
    let result = '';
    for (let at = start; at < last; at += bytes) {
      const address = bytes === 4 ? formatIpv4(view.getUint32(at)) : this.#ipv6.read(view, at);
      result += at === start ? address : `,${address}`;
    }
    return result;
  }
}
