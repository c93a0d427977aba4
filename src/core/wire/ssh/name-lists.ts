/** The ten lists of names in an SSH_MSG_KEXINIT (RFC 4251 §5, RFC 4253 §7.1). One instance is reused. */
import { NOT_MINE, READ } from '../app-protocol.ts';

const LISTS = 10;
const LENGTH_BYTES = 4;
/** Names are of printable US-ASCII without spaces, commas between them (RFC 4251 §6). */
const FIRST_CHAR = 0x21;
const LAST_CHAR = 0x7e;
const COMMA = 0x2c;

export class NameLists {
  /** Where each list stands in the view. */
  readonly starts = new Int32Array(LISTS);
  readonly ends = new Int32Array(LISTS);

  /**
   * Reads the lists from `start` on, that have to end before `limit`, as far as `view` has come (`end`).
   * `NOT_MINE` if they are none, `READ` if all are there, else 1.
   */
  read(view: DataView, start: number, end: number, limit: number): number {
    let at = start;
    for (let i = 0; i < LISTS; i++) {
      const from = at + LENGTH_BYTES;
      if (from > limit) return NOT_MINE;
      if (from > end) return 1;
      const length = view.getUint32(at);
      const isMissing = i === 0 && length === 0; // the key exchange algorithms
      if (isMissing || length > limit - from) return NOT_MINE;
      at = from + length;
      if (!isNames(view, from, Math.min(at, end))) return NOT_MINE;
      if (at > end) return 1;
      this.starts[i] = from;
      this.ends[i] = at;
    }
    return READ;
  }

  /** Whether the list holds one of `names`. */
  has(bytes: Uint8Array, list: number, names: readonly string[]): boolean {
    let from = this.starts[list]!;
    const end = this.ends[list]!;
    for (let at = from; at <= end; at++) {
      if (at < end && bytes[at] !== COMMA) continue;
      if (names.some((name) => isText(bytes, from, at, name))) return true;
      from = at + 1;
    }
    return false;
  }
}

function isNames(view: DataView, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const char = view.getUint8(at);
    if (char < FIRST_CHAR || char > LAST_CHAR) return false;
  }
  return true;
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
