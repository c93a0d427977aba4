/** DNS message: the header and the first question (RFC 1035 §4.1), read in place. */
import { DnsName } from './dns-name.ts';

export const DNS_HEADER_BYTES = 12;
const FLAGS = 2;
const QUESTIONS = 4;
const ANSWERS = 6;
const RESPONSE = 0x8000;
const TRUNCATED = 0x0200;
const OPCODE = 0x7800;
const UPDATE = 5 << 11;
/** A question's type and class. */
const TYPE_AND_CLASS_BYTES = 4;

export class DnsMessage {
  /** The first question's name; its length is -1 where there is no question, or it cannot be read. */
  readonly name = new DnsName();
  /** -1: as for the name. */
  qtype = -1;
  /** The question or the header is malformed, rather than cut by the capture. */
  isMalformed = false;
  id = 0;
  /** The second word of the header. */
  flags = 0;
  questionCount = 0;
  answerCount = 0;
  /** Index after the first question, or after the header where there is none; -1: it cannot be told. */
  afterQuestion = -1;

  get isResponse(): boolean {
    return (this.flags & RESPONSE) !== 0;
  }

  /** The sender left out what did not fit. */
  get isTruncated(): boolean {
    return (this.flags & TRUNCATED) !== 0;
  }

  /** A dynamic update (RFC 2136): its sections hold prerequisites and updates, not answers. */
  get isUpdate(): boolean {
    return (this.flags & OPCODE) === UPDATE;
  }

  /**
   * Reads the message in `view[start, end)`, of which `wireEnd - start` bytes were sent; false if there is
   * no whole header.
   */
  at(view: DataView, start: number, end: number, wireEnd: number): boolean {
    this.name.length = -1;
    this.qtype = -1;
    this.afterQuestion = -1;
    this.isMalformed = wireEnd - start < DNS_HEADER_BYTES;
    if (end - start < DNS_HEADER_BYTES) return false;
    this.id = view.getUint16(start);
    this.flags = view.getUint16(start + FLAGS);
    this.questionCount = view.getUint16(start + QUESTIONS);
    this.answerCount = view.getUint16(start + ANSWERS);
    if (this.questionCount === 0) this.afterQuestion = start + DNS_HEADER_BYTES;
    else if (!this.#readQuestion(view, start, end)) this.isMalformed = end >= wireEnd;
    return true;
  }

  #readQuestion(view: DataView, start: number, end: number): boolean {
    const after = this.name.read(view, start, start + DNS_HEADER_BYTES, end);
    if (after < 0) return false;
    if (after + 2 > end) {
      this.name.length = -1;
      return false;
    }
    this.qtype = view.getUint16(after);
    if (after + TYPE_AND_CLASS_BYTES <= end) this.afterQuestion = after + TYPE_AND_CLASS_BYTES;
    return true;
  }
}
