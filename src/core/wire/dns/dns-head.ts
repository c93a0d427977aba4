/** The header of a DNS message as JSON fields. The same few headers come again and again, so their texts are kept. */
import { opcodeName, rcodeName } from './dns-codes.ts';
import type { DnsDialect } from './dns-dialect.ts';

/** Texts kept; a power of two. */
const KEPT = 64;
const RESPONSE = 0x8000;
const FIRST_FLAG = 0x0400;
const RCODE_BITS = 12;

export class DnsHead {
  readonly #dialect: DnsDialect;
  readonly #keys = new Int32Array(KEPT).fill(-1);
  readonly #texts = new Array<string>(KEPT).fill('');

  constructor(dialect: DnsDialect) {
    this.#dialect = dialect;
  }

  /** `flags`: the header's second word; `rcode`: with the upper bits that EDNS adds. */
  read(flags: number, rcode: number): string {
    const key = ((flags & 0xfff0) << (RCODE_BITS - 4)) | rcode;
    const place = (key ^ (key >>> 6) ^ (key >>> 12) ^ (key >>> 18)) & (KEPT - 1);
    if (this.#keys[place] === key) return this.#texts[place]!;
    const text = this.#write(flags, rcode);
    this.#keys[place] = key;
    this.#texts[place] = text;
    return text;
  }

  #write(flags: number, rcode: number): string {
    const opcode = (flags >> 11) & 0xf;
    const names = this.#dialect.flagNames.filter(
      (name, i) => name !== '' && (flags & (FIRST_FLAG >> i)) !== 0,
    );
    let text = opcode === 0 ? '' : `,"opcode":"${opcodeName(opcode)}"`;
    if (names.length > 0) text += `,"flags":"${names.join(' ')}"`;
    if ((flags & RESPONSE) !== 0) text += `,"rcode":"${rcodeName(rcode)}"`;
    return text;
  }
}
