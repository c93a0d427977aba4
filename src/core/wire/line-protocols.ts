/** Protocols whose lines begin with a word or a number: FTP (RFC 959 §4), SMTP (RFC 5321 §4). */
import { readDigits } from './http.ts';

const SPACE = 0x20;
const HYPHEN = 0x2d;
const CR = 0x0d;
const LF = 0x0a;
const MIN_COMMAND_BYTES = 3;
const MAX_COMMAND_BYTES = 8;

/** Three digits, then space, hyphen or the end of the line; -1: not a reply. Codes begin with 1 to 6 (RFC 2228). */
export function readReplyCode(bytes: Uint8Array, start: number, end: number): number {
  const code = readDigits(bytes, start, end, 3);
  if (code < 100 || code >= 660 || start + 3 === end) return -1;
  const after = bytes[start + 3];
  return after === SPACE || after === HYPHEN || after === CR || after === LF ? code : -1;
}

/** Three to eight letters, then a space or the end of the line. */
export function isCommandLine(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end && at - start <= MAX_COMMAND_BYTES && isLetter(bytes[at]!)) at++;
  const letters = at - start;
  if (letters < MIN_COMMAND_BYTES || letters > MAX_COMMAND_BYTES || at === end) return false;
  return bytes[at] === SPACE || bytes[at] === CR || bytes[at] === LF;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
