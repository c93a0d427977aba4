/**
 * JA4, the fingerprint of a TLS client by FoxIO (BSD 3-Clause, github.com/FoxIO-LLC/ja4, technical_details/JA4.md),
 * and none of the other JA4+ methods, whose licence is another:
 *
 *   t13d1516h2_8daaf6152771_e5627efa2ab1
 *
 * transport, highest version, server name (d) or none (i), number of ciphers and extensions, first and last
 * character of the first ALPN name; sorted ciphers; sorted extensions and signature algorithms as they come.
 */
import { hexOf, sha256 } from '../../crypto/sha256.ts';
import {
  type ClientHello,
  Extension,
  type HelloPart,
  isGrease,
  MAX_HELLO_BYTES,
  offeredVersion,
} from './client-hello.ts';

export type Ja4Transport = 't' | 'q' | 'd';

const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0304, '13'],
  [0x0303, '12'],
  [0x0302, '11'],
  [0x0301, '10'],
  [0x0300, 's3'],
  [0x0002, 's2'],
  [0xfeff, 'd1'],
  [0xfefd, 'd2'],
  [0xfefc, 'd3'],
]);
const MAX_COUNT = 99;
const DIGEST_BYTES = 6;
const NO_VALUES = '000000000000';
const COMMA = 0x2c;
const UNDERSCORE = 0x5f;
const HEX_DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

const values = new Uint16Array(MAX_HELLO_BYTES / 2);
/** Four digits and a separator for each two bytes of the hello. */
const text = new Uint8Array(5 * values.length);

/** `hello`: whole. */
export function ja4Of(hello: ClientHello, transport: Ja4Transport): string {
  const { view, extensions, extensionCount } = hello;
  const version = VERSIONS.get(offeredVersion(hello)) ?? '00';
  const domain = hello.hasServerName ? 'd' : 'i';
  const protocol = protocolChars(view, hello.protocols);

  const ciphers = takeValues(view, hello.ciphers);
  const cipherHash = ciphers === 0 ? NO_VALUES : hashOf(writeSorted(ciphers));

  let counted = 0;
  let kept = 0;
  for (let i = 0; i < extensionCount; i++) {
    const type = extensions[i]!;
    if (isGrease(type)) continue;
    counted++;
    if (type !== Extension.SERVER_NAME && type !== Extension.ALPN) values[kept++] = type;
  }
  const extensionHash = kept === 0 ? NO_VALUES : hashOf(writeSignatures(writeSorted(kept), hello));
  const head = `${transport}${version}${domain}${twoDigits(ciphers)}${twoDigits(counted)}${protocol}`;
  return `${head}_${cipherHash}_${extensionHash}`;
}

/** Puts what is not reserved into `values`; answers how many. */
function takeValues(view: DataView, { start, end }: HelloPart): number {
  let count = 0;
  for (let at = start; at >= 0 && at + 2 <= end; at += 2) {
    const value = view.getUint16(at);
    if (!isGrease(value)) values[count++] = value;
  }
  return count;
}

/** Sorts `values[0, count)` and writes them to `text`; answers where they end. */
function writeSorted(count: number): number {
  values.subarray(0, count).sort();
  return writeValues(count, 0);
}

function writeSignatures(end: number, { view, signatures }: ClientHello): number {
  const count = takeValues(view, signatures);
  if (count === 0) return end;
  text[end] = UNDERSCORE;
  return writeValues(count, end + 1);
}

function writeValues(count: number, start: number): number {
  let at = start;
  for (let i = 0; i < count; i++) {
    if (i > 0) text[at++] = COMMA;
    const value = values[i]!;
    for (let shift = 12; shift >= 0; shift -= 4) text[at++] = HEX_DIGITS[(value >> shift) & 15]!;
  }
  return at;
}

function hashOf(end: number): string {
  return hexOf(sha256(text.subarray(0, end)).subarray(0, DIGEST_BYTES));
}

/** First and last character of the first name, or of its hexadecimal form if one of them is no letter or digit. */
function protocolChars(view: DataView, { start, end }: HelloPart): string {
  if (start < 0 || start >= end) return '00';
  const last = Math.min(start + view.getUint8(start), end - 1);
  if (last === start) return '00';
  const a = view.getUint8(start + 1);
  const z = view.getUint8(last);
  if (isAlphanumeric(a) && isAlphanumeric(z)) return String.fromCharCode(a, z);
  return (a >> 4).toString(16) + (z & 15).toString(16);
}

function isAlphanumeric(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
}

function twoDigits(count: number): string {
  return `${Math.min(count, MAX_COUNT)}`.padStart(2, '0');
}
