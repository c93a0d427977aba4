/**
 * IP addresses as numbers, so that networks can be compared by masks. One address has one value here: an IPv4
 * address mapped into IPv6 (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is that IPv4 address, or a never-block
 * list could be walked around by spelling.
 */
import { formatIp, parseIp } from '../wire/address.ts';

export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

const WORD_BITS = 32n;
const WORD_MASK = 0xffff_ffffn;
const V4_MAPPED = 0xffffn;
/** The longest text of an address: IPv6 with an IPv4 tail. */
const MAX_TEXT = 45;

const words = new Uint32Array(4);

/** Null if `text` is not an address. A zone (`%eth0`) is not part of an address; nor are leading zeros in IPv4. */
export function parseAddress(text: string): Address | null {
  const raw = parseUnmapped(text);
  if (raw?.version !== 6 || raw.value >> WORD_BITS !== V4_MAPPED) return raw;
  return { version: 4, value: raw.value & WORD_MASK };
}

/** As `parseAddress`, but IPv4 mapped into IPv6 stays IPv6. */
export function parseUnmapped(text: string): Address | null {
  if (text.length > MAX_TEXT) return null;
  const version = parseIp(text, words, 0);
  if (version === 0) return null;
  if (version === 4) return { version, value: BigInt(words[3]!) };
  let value = 0n;
  for (const word of words) value = (value << WORD_BITS) | BigInt(word);
  return { version, value };
}

/** The one text of an address (RFC 5952); null if `text` is not an address. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

export function formatAddress({ version, value }: Address): string {
  for (let word = 3, rest = value; word >= 0; word--, rest >>= WORD_BITS)
    words[word] = Number(rest & WORD_MASK);
  return formatIp(words, 0, version);
}
