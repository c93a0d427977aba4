/** The values in filter expressions: numbers, addresses, networks. Each names the word that is none. */
import { parseIp, parseMac } from '../../core/wire/address.ts';
import { maskOf, type Network } from './address-tests.ts';
import { type Word, wordError } from './filter-words.ts';

const ADDRESS_BITS = { 4: 32, 6: 128 } as const;
/** `10`, `192.168`: the first bytes of an IPv4 network. */
const FIRST_BYTES = /^\d{1,3}(?:\.\d{1,3}){0,2}$/;

/** Decimal or 0x…, `least` to `most`. @throws AppError `usage` */
export function numberOf(word: Word, what: string, most: number, least = 0): number {
  const isNumber = /^(?:0|[1-9]\d{0,9}|0x[\da-f]{1,8})$/i.test(word.text);
  const value = Number(word.text);
  if (!isNumber || value < least || value > most) {
    throw wordError(word, `is no ${what}: it takes a number from ${least} to ${most}`);
  }
  return value;
}

/** @throws AppError `usage` */
export function rangeOf(word: Word, what: string, most: number): [low: number, high: number] {
  const dash = word.text.indexOf('-');
  if (dash < 0) throw wordError(word, 'is no range: it takes two numbers as in 6000-6008');
  const low = numberOf({ ...word, text: word.text.slice(0, dash) }, what, most);
  const high = numberOf({ text: word.text.slice(dash + 1), at: word.at + dash + 1 }, what, most);
  // As libpcap does.
  return low <= high ? [low, high] : [high, low];
}

/** @throws AppError `usage` */
export function hostOf(word: Word): Network {
  const host = addressOf(word.text);
  if (!host) throw wordError(word, 'is no IP address; names are not looked up');
  return host;
}

/** @throws AppError `usage`: none, or one with bits set below its prefix. */
export function networkOf(word: Word): Network {
  const slash = word.text.indexOf('/');
  const text = slash < 0 ? word.text : word.text.slice(0, slash);
  const isShort = FIRST_BYTES.test(text);
  const bytes = isShort ? text.split('.') : [];
  const address = addressOf(isShort ? [...bytes, '0', '0', '0'].slice(0, 4).join('.') : text);
  if (!address) throw wordError(word, 'is no network as in 192.0.2.0/24 or 2001:db8::/32');
  const whole = isShort ? 8 * bytes.length : ADDRESS_BITS[address.version];
  const prefixBits =
    slash < 0
      ? whole
      : numberOf(
          { text: word.text.slice(slash + 1), at: word.at + slash + 1 },
          'prefix length',
          ADDRESS_BITS[address.version],
        );
  const stray = address.words.some(
    (part, index) => (part & ~maskOf(prefixBits - 32 * index)) !== 0,
  );
  if (stray)
    throw wordError(word, `is no network: it has bits set below its prefix of ${prefixBits}`);
  return { ...address, prefixBits };
}

/** As a 48-bit integer. @throws AppError `usage` */
export function etherAddressOf(word: Word): number {
  const address = parseMac(word.text);
  if (address < 0) throw wordError(word, 'is no Ethernet address as in 02:00:00:00:00:01');
  return address;
}

function addressOf(text: string): Network | null {
  const words = new Uint32Array(4);
  const version = parseIp(text, words, 0);
  if (version === 0) return null;
  const all = [...words];
  return { version, words: version === 4 ? all.slice(3) : all, prefixBits: ADDRESS_BITS[version] };
}
