/**
 * All of a DNS message as compact JSON: header, questions, answers, authorities, additionals and EDNS.
 *
 *   {"id":4660,"flags":"RD RA","rcode":"NOERROR","answers":[{"type":"A","ttl":300,"data":"192.0.2.1"}],
 *    "edns":{"udp":1232,"version":0,"do":true}}
 *
 * Left out is what goes without saying: the name of a record where it is the first question's, the class IN,
 * the questions where there is one of class IN (it stands in the columns), the opcode QUERY, empty sections.
 * `length` stands where the data is not told whole. `cut` says that records are missing, because the capture
 * cut them or the text would be too long. Runs for every DNS packet, so it joins texts that are kept.
 */
import { MAX_DETAIL_CHARS } from '../app-row.ts';
import type { Span } from '../span.ts';
import type { TextReader } from '../text-reader.ts';
import { className, DnsType, typeName } from './dns-codes.ts';
import { DnsData } from './dns-data.ts';
import type { DnsDialect } from './dns-dialect.ts';
import { DnsHead } from './dns-head.ts';
import { DNS_HEADER_BYTES, type DnsMessage } from './dns-message.ts';
import { skipName } from './dns-name.ts';
import { DnsNames } from './dns-names.ts';
import { Edns, MAX_EDNS_CHARS } from './edns.ts';

const AUTHORITIES = 8;
const ADDITIONALS = 10;
const QUESTION_BYTES = 4;
/** Nobody asks more than one; mDNS asks a handful. */
const MAX_QUESTIONS = 16;
/** Type, class, TTL and length of the data. */
const RECORD_BYTES = 10;
const IN = 1;
/** Room for the header's fields, `"questions":[]`, `"cut":true` and brackets. */
const HEAD_CHARS = 192;
const MAX_RECORDS_CHARS = MAX_DETAIL_CHARS - MAX_EDNS_CHARS - HEAD_CHARS;
/** The longest record with its separator, apart from name and data. */
const RECORD_CHARS = 112;
const STOPPED = -1;
const KEPT_TYPES = 512;

export class DnsDetail {
  /** A record cannot be read, though nothing was cut. */
  hasBadRecord = false;
  readonly #head: DnsHead;
  readonly #classMask: number;
  readonly #names = new DnsNames();
  readonly #data = new DnsData(this.#names);
  readonly #edns = new Edns();
  /** `"type":"A","ttl":` by type. */
  readonly #typeTexts = new Array<string | undefined>(KEPT_TYPES).fill(undefined);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = STOPPED;
  #end = 0;
  #qname = '';
  #ownerName = '';
  #ownerText = '{"name":"",';
  #isUpdate = false;
  #isCut = false;
  /** Characters that more records may take. */
  #room = 0;
  #ednsText = '';

  constructor(dialect: DnsDialect) {
    this.#head = new DnsHead(dialect);
    this.#classMask = dialect.classMask;
  }

  /** `message`: the bytes that `dns` has read. `qname`: the text of its first question's name, null where there is none. */
  read(dns: DnsMessage, message: Span, qname: string | null, text: TextReader): string {
    const { view, start, end } = message;
    this.#view = view;
    this.#at = dns.afterQuestion;
    this.#end = end;
    this.#isUpdate = dns.isUpdate;
    this.#isCut = false;
    this.#room = MAX_RECORDS_CHARS;
    this.#ednsText = '';
    this.#edns.upperRcode = 0;
    this.#edns.isBad = false;
    this.hasBadRecord = false;
    this.#names.begin(view, start);
    this.#qname = qname === null ? '' : this.#names.keep(DNS_HEADER_BYTES, dns.name, qname);
    let json = this.#questions(dns, start, text);
    json = this.#section(json, ',"answers":[', dns.answerCount, text);
    json = this.#section(json, ',"authorities":[', view.getUint16(start + AUTHORITIES), text);
    json = this.#section(json, ',"additionals":[', view.getUint16(start + ADDITIONALS), text);
    if (this.#at === STOPPED) {
      if (end < message.wireEnd || dns.isTruncated) this.#isCut = true;
      else this.hasBadRecord = true;
    }
    const head = this.#head.read(dns.flags, (this.#edns.upperRcode << 4) | (dns.flags & 0xf));
    return `{"id":${dns.id}${head}${json}${this.#ednsText}${this.#isCut ? ',"cut":true}' : '}'}`;
  }

  /** All questions, where the first does not say all. */
  #questions(dns: DnsMessage, start: number, text: TextReader): string {
    const count = dns.questionCount;
    if (this.#at === STOPPED || count === 0) return '';
    const firstClass = this.#view.getUint16(this.#at - 2) & this.#classMask;
    if (count === 1 && firstClass === IN) return '';
    let json = '';
    this.#at = start + DNS_HEADER_BYTES;
    for (let i = 0; i < count; i++) {
      let name = '';
      if (i < MAX_QUESTIONS) name = this.#readName(text);
      else this.#at = skipName(this.#view, this.#at, this.#end);
      const at = this.#at;
      if (at === STOPPED || at + QUESTION_BYTES > this.#end) {
        this.#at = STOPPED;
        break;
      }
      this.#at = at + QUESTION_BYTES;
      if (i >= MAX_QUESTIONS) {
        this.#isCut = true;
        continue;
      }
      const type = typeName(this.#view.getUint16(at));
      const question = `{"name":"${name}","type":"${type}"${this.#class(this.#view.getUint16(at + 2) & this.#classMask)}}`;
      if (this.#fits(question.length + 1)) json += json === '' ? question : `,${question}`;
    }
    return json === '' ? '' : `,"questions":[${json}]`;
  }

  #section(before: string, opening: string, count: number, text: TextReader): string {
    let json = before;
    let separator = opening;
    for (let i = 0; i < count && this.#at !== STOPPED; i++) {
      const longer = this.#record(json, separator, text);
      if (longer === json) continue;
      json = longer;
      separator = ',';
    }
    return separator === opening ? json : `${json}]`;
  }

  /** `json` with the next record added; `json` where there is nothing to tell of it. */
  #record(json: string, separator: string, text: TextReader): string {
    const view = this.#view;
    const end = this.#end;
    const hasRoom = this.#room > 0;
    let name = '';
    if (hasRoom) name = this.#readName(text);
    else this.#at = skipName(view, this.#at, end);
    const at = this.#at;
    const dataStart = at + RECORD_BYTES;
    if (at === STOPPED || dataStart > end) return this.#stop(json);
    const type = view.getUint16(at);
    const dataEnd = dataStart + view.getUint16(at + 8);
    if (dataEnd > end) return this.#stop(json);
    this.#at = dataEnd;
    if (type === DnsType.OPT) {
      this.#readEdns(at, dataStart, dataEnd);
      return json;
    }
    if (!hasRoom) return json;
    const data = this.#data.read(type, view, dataStart, dataEnd, text);
    // An update's prerequisites and deletions have no data (RFC 2136 §2.4 and §2.5).
    if (data === null && !(this.#isUpdate && dataStart === dataEnd)) this.hasBadRecord = true;
    const told = data === null ? '' : data;
    if (!this.#fits(RECORD_CHARS + name.length + told.length)) return json;
    const ttl = view.getUint32(at + 4);
    const recordClass = view.getUint16(at + 2) & this.#classMask;
    // Joined from left to right: each plus is one small object, and this runs for every record.
    let longer = json + separator + this.#owner(name) + this.#typeText(type) + ttl;
    if (recordClass !== IN) longer += this.#class(recordClass);
    if (told !== '') longer = `${longer},"data":"${told}`;
    const isWhole = data !== null && !this.#data.hasRest;
    if (isWhole && told !== '') return `${longer}"}`;
    return `${longer}${told === '' ? '' : '"'},"length":${dataEnd - dataStart}}`;
  }

  /** The beginning of a record of this name. */
  #owner(name: string): string {
    if (name === this.#qname) return '{';
    if (name !== this.#ownerName) {
      this.#ownerName = name;
      this.#ownerText = `{"name":"${name}",`;
    }
    return this.#ownerText;
  }

  #readEdns(at: number, start: number, end: number): void {
    const view = this.#view;
    const edns = this.#edns;
    // A message has one OPT record at most (RFC 6891 §6.1.1).
    if (this.#ednsText !== '') this.hasBadRecord = true;
    else
      this.#ednsText = edns.read(view, view.getUint16(at + 2), view.getUint32(at + 4), start, end);
    if (edns.isBad) this.hasBadRecord = true;
  }

  #readName(text: TextReader): string {
    const name = this.#names.read(this.#at, this.#end, text);
    this.#at = this.#names.after;
    return name;
  }

  /** '' for the class IN. */
  #class(number: number): string {
    return number === IN ? '' : `,"class":"${className(number)}"`;
  }

  #typeText(type: number): string {
    if (type >= KEPT_TYPES) return `"type":"${typeName(type)}","ttl":`;
    let text = this.#typeTexts[type];
    if (text === undefined) {
      text = `"type":"${typeName(type)}","ttl":`;
      this.#typeTexts[type] = text;
    }
    return text;
  }

  /** Takes the room for a text; once there is none, nothing fits any more. */
  #fits(chars: number): boolean {
    this.#room -= chars;
    if (this.#room <= 0) this.#isCut = true;
    return this.#room > 0;
  }

  #stop(json: string): string {
    this.#at = STOPPED;
    return json;
  }
}
