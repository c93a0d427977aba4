/**
 * The data of a resource record as text in zone file spelling (RFC 1035 §5.1 and the RFC of each type), to be
 * put between a JSON text's quotation marks. Names are without trailing dot, the root is ".". Of keys,
 * signatures and hashes the text tells the parameters; `hasRest` says that there is more, of which the length
 * is told.
 */
import { formatIpv4 } from '../address.ts';
import type { TextReader } from '../text-reader.ts';
import { DnsType, typeName } from './dns-codes.ts';
import type { DnsNames } from './dns-names.ts';
import { DnsStrings } from './dns-strings.ts';
import { Ipv6Texts } from './ipv6-texts.ts';
import { ServiceParameters } from './service-parameters.ts';

const IPV4_BYTES = 4;
const IPV6_BYTES = 16;
const SOA_NUMBERS = 5;
/** Bytes before the signer's name. */
const RRSIG_FIXED_BYTES = 18;

export class DnsData {
  /** The text does not tell all of the data. */
  hasRest = false;
  readonly #names: DnsNames;
  readonly #strings = new DnsStrings();
  readonly #ipv6 = new Ipv6Texts();
  readonly #parameters = new ServiceParameters(this.#strings, this.#ipv6);

  constructor(names: DnsNames) {
    this.#names = names;
  }

  /** Text of `view[start, end)`; '' where its type is not known; null where it is not what its type demands. */
  read(type: number, view: DataView, start: number, end: number, text: TextReader): string | null {
    this.hasRest = false;
    switch (type) {
      case DnsType.A:
        return end - start === IPV4_BYTES ? formatIpv4(view.getUint32(start)) : null;
      case DnsType.AAAA:
        return end - start === IPV6_BYTES ? this.#ipv6.read(view, start) : null;
      case DnsType.CNAME:
      case DnsType.NS:
      case DnsType.PTR:
      case DnsType.DNAME:
        return this.#numbersAndName(view, start, 0, end, text);
      case DnsType.MX:
      case DnsType.AFSDB:
        return this.#numbersAndName(view, start, 1, end, text);
      case DnsType.SRV:
        return this.#numbersAndName(view, start, 3, end, text);
      case DnsType.SVCB:
      case DnsType.HTTPS:
        return this.#service(view, start, end, text);
      case DnsType.TXT:
      case DnsType.SPF:
      case DnsType.HINFO:
        return this.#quoted(view, start, end, text);
      case DnsType.SOA:
        return this.#soa(view, start, end, text);
      case DnsType.CAA:
        return this.#caa(view, start, end, text);
      case DnsType.URI:
        return this.#uri(view, start, end, text);
      case DnsType.NAPTR:
        return this.#naptr(view, start, end, text);
      case DnsType.RRSIG:
        return this.#rrsig(view, start, end, text);
      case DnsType.NSEC:
        return this.#nsec(start, end, text);
      case DnsType.DS:
      case DnsType.CDS:
      case DnsType.DNSKEY:
      case DnsType.CDNSKEY:
        return this.#parametersOf(view, start, 2, 2, end);
      case DnsType.SSHFP:
        return this.#parametersOf(view, start, 0, 2, end);
      case DnsType.TLSA:
        return this.#parametersOf(view, start, 0, 3, end);
      default:
        this.hasRest = true;
        return '';
    }
  }

  /** `count` numbers of 16 bits, then a name. */
  #numbersAndName(
    view: DataView,
    start: number,
    count: number,
    end: number,
    text: TextReader,
  ): string | null {
    let at = start;
    if (at + 2 * count > end) return null;
    let numbers = '';
    for (let i = 0; i < count; i++, at += 2) numbers += `${view.getUint16(at)} `;
    const name = this.#names.read(at, end, text);
    if (this.#names.after !== end) return null;
    return count === 0 ? name : numbers + name;
  }

  #soa(view: DataView, start: number, end: number, text: TextReader): string | null {
    const names = this.#names;
    let result = names.read(start, end, text);
    if (names.after < 0) return null;
    result += ` ${names.read(names.after, end, text)}`;
    if (names.after < 0 || names.after + 4 * SOA_NUMBERS !== end) return null;
    for (let at = names.after; at < end; at += 4) result += ` ${view.getUint32(at)}`;
    return result;
  }

  #quoted(view: DataView, start: number, end: number, text: TextReader): string | null {
    this.#strings.clear();
    return this.#addStrings(view, start, end) && start < end ? this.#takeStrings(text) : null;
  }

  #addStrings(view: DataView, start: number, end: number): boolean {
    let at = start;
    while (at < end) {
      const after = at + 1 + view.getUint8(at);
      if (after > end) return false;
      this.#strings.addQuoted(view, at + 1, after);
      at = after;
    }
    return true;
  }

  /** RFC 8659 §4.1. */
  #caa(view: DataView, start: number, end: number, text: TextReader): string | null {
    if (start + 2 > end) return null;
    const tag = start + 2;
    const value = tag + view.getUint8(start + 1);
    if (value > end) return null;
    this.#strings.clear();
    this.#strings.addPlain(view, tag, value);
    this.#strings.addQuoted(view, value, end);
    return `${view.getUint8(start)} ${this.#takeStrings(text)}`;
  }

  /** RFC 7553 §4.5. */
  #uri(view: DataView, start: number, end: number, text: TextReader): string | null {
    if (start + 4 >= end) return null;
    this.#strings.clear();
    this.#strings.addQuoted(view, start + 4, end);
    return `${view.getUint16(start)} ${view.getUint16(start + 2)} ${this.#takeStrings(text)}`;
  }

  /** RFC 3403 §4.1: order, preference, three strings, a name. */
  #naptr(view: DataView, start: number, end: number, text: TextReader): string | null {
    this.#strings.clear();
    let at = start + 4;
    for (let i = 0; i < 3; i++) {
      if (at >= end) return null;
      const after = at + 1 + view.getUint8(at);
      if (after > end) return null;
      this.#strings.addQuoted(view, at + 1, after);
      at = after;
    }
    const strings = this.#takeStrings(text);
    const name = this.#names.read(at, end, text);
    if (this.#names.after !== end) return null;
    return `${view.getUint16(start)} ${view.getUint16(start + 2)} ${strings} ${name}`;
  }

  /** RFC 9460 §2.2. */
  #service(view: DataView, start: number, end: number, text: TextReader): string | null {
    if (start + 2 > end) return null;
    const name = this.#names.read(start + 2, end, text);
    if (this.#names.after < 0) return null;
    const parameters = this.#parameters.read(view, this.#names.after, end, text);
    if (parameters === null) return null;
    this.hasRest = this.#parameters.hasRest;
    return `${view.getUint16(start)} ${name}${parameters}`;
  }

  /** RFC 4034 §3.1, without the signature. */
  #rrsig(view: DataView, start: number, end: number, text: TextReader): string | null {
    const signer = start + RRSIG_FIXED_BYTES;
    if (signer >= end) return null;
    const name = this.#names.read(signer, end, text);
    if (this.#names.after < 0) return null;
    this.hasRest = true;
    const covered = typeName(view.getUint16(start));
    const numbers = `${view.getUint8(start + 2)} ${view.getUint8(start + 3)} ${view.getUint32(start + 4)}`;
    const times = `${view.getUint32(start + 8)} ${view.getUint32(start + 12)}`;
    return `${covered} ${numbers} ${times} ${view.getUint16(start + 16)} ${name}`;
  }

  /** RFC 4034 §4.1, without the bit map of types. */
  #nsec(start: number, end: number, text: TextReader): string | null {
    const name = this.#names.read(start, end, text);
    this.hasRest = true;
    return this.#names.after < 0 ? null : name;
  }

  /** A number of `wide` bytes, then `narrow` numbers of a byte, then a key or a hash. */
  #parametersOf(
    view: DataView,
    start: number,
    wide: 0 | 2,
    narrow: number,
    end: number,
  ): string | null {
    const rest = start + wide + narrow;
    if (rest > end) return null;
    this.hasRest = true;
    let result = wide === 2 ? `${view.getUint16(start)}` : '';
    for (let at = start + wide; at < rest; at++)
      result += result === '' ? `${view.getUint8(at)}` : ` ${view.getUint8(at)}`;
    return result;
  }

  #takeStrings(text: TextReader): string {
    this.hasRest = this.#strings.isCut;
    return this.#strings.take(text);
  }
}
