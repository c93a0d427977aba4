/**
 * Rows in PostgreSQL's binary COPY format, into one growing buffer that is reused from piece to piece.
 *
 * Each method writes one field: its length, then its value, big-endian; null is the length -1. See "COPY,
 * Binary Format" in the PostgreSQL manual. Hot path: what `take` and `end` give is a view that the next field overwrites.
 */

/** `PGCOPY\n\377\r\n\0`, flags, length of the header's extension. */
const HEADER = Uint8Array.from([
  0x50, 0x47, 0x43, 0x4f, 0x50, 0x59, 0x0a, 0xff, 0x0d, 0x0a, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
]);
const INITIAL_BYTES = 256 * 1024;
const TWO_POW_32 = 2 ** 32;
/** Microseconds from the Unix epoch to PostgreSQL's, 2000-01-01. */
const EPOCH_SHIFT_MICROS = 946_684_800_000_000;
/** Times beyond what a double holds exactly (the year 2255) are stored as this; before 1970, as 0. */
const MAX_MICROS = Number.MAX_SAFE_INTEGER;
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const COLON = 0x3a;

export class CopyBinary {
  rows = 0;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #end = 0;

  begin(): void {
    this.#bytes.set(HEADER);
    this.#end = HEADER.length;
    this.rows = 0;
  }

  /** What was written since `begin` or the last `take`. */
  take(): Uint8Array {
    const piece = this.#bytes.subarray(0, this.#end);
    this.#end = 0;
    return piece;
  }

  /** The same, with the end marker. */
  end(): Uint8Array {
    this.#reserve(2);
    this.#view.setInt16(this.#end, -1);
    this.#end += 2;
    return this.take();
  }

  /** Of what `take` would give. */
  get byteLength(): number {
    return this.#end;
  }

  get capacity(): number {
    return this.#bytes.length;
  }

  startRow(fields: number): void {
    this.#reserve(2);
    this.#view.setInt16(this.#end, fields);
    this.#end += 2;
    this.rows++;
  }

  null(): void {
    this.#reserve(4);
    this.#view.setInt32(this.#end, -1);
    this.#end += 4;
  }

  bool(value: boolean): void {
    this.#field(1);
    this.#view.setUint8(this.#end, value ? 1 : 0);
    this.#end += 1;
  }

  /** Of an unsigned one, its low bits; so is `int4`. */
  int2(value: number): void {
    this.#field(2);
    this.#view.setInt16(this.#end, value);
    this.#end += 2;
  }

  int4(value: number): void {
    this.#field(4);
    this.#view.setInt32(this.#end, value);
    this.#end += 4;
  }

  /** A whole number that a double holds exactly. */
  int8(value: number): void {
    this.#field(8);
    this.#view.setInt32(this.#end, Math.floor(value / TWO_POW_32));
    this.#view.setUint32(this.#end + 4, value >>> 0);
    this.#end += 8;
  }

  float4(value: number): void {
    this.#field(4);
    this.#view.setFloat32(this.#end, value);
    this.#end += 4;
  }

  float8(value: number): void {
    this.#field(8);
    this.#view.setFloat64(this.#end, value);
    this.#end += 8;
  }

  /** timestamptz, from microseconds since the Unix epoch. */
  time(micros: number): void {
    this.int8(clampMicros(micros) - EPOCH_SHIFT_MICROS);
  }

  /** Bytes that `encodeText` made, or a bytea. */
  textBytes(source: Uint8Array, start = 0, end = source.length): void {
    const length = end - start;
    this.#field(length);
    // Below some forty bytes a loop is faster than `set`.
    if (length > 40) this.#bytes.set(source.subarray(start, end), this.#end);
    else {
      const bytes = this.#bytes;
      let at = this.#end;
      for (let index = start; index < end; index++) bytes[at++] = source[index] as number;
    }
    this.#end += length;
  }

  text(value: string): void {
    this.textBytes(encodeText(value));
  }

  textOrNull(value: string | null): void {
    if (value === null) this.null();
    else this.text(value);
  }

  /** macaddr, from a 48-bit number. */
  mac(value: number): void {
    this.#field(6);
    this.#view.setUint16(this.#end, Math.floor(value / TWO_POW_32));
    this.#view.setUint32(this.#end + 2, value >>> 0);
    this.#end += 6;
  }

  /** A 48-bit number as `00:11:22:33:44:55`. */
  macText(value: number): void {
    this.#field(17);
    const high = Math.floor(value / TWO_POW_32);
    const bytes = this.#bytes;
    let at = this.#end;
    for (let index = 0; index < 6; index++) {
      const byte = index < 2 ? high >>> (8 - 8 * index) : value >>> (40 - 8 * index);
      bytes[at++] = HEX[(byte >>> 4) & 15] as number;
      bytes[at++] = HEX[byte & 15] as number;
      if (index < 5) bytes[at++] = COLON;
    }
    this.#end = at;
  }

  #field(length: number): void {
    this.#reserve(4 + length);
    this.#view.setInt32(this.#end, length);
    this.#end += 4;
  }

  #reserve(extra: number): void {
    const needed = this.#end + extra;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** UTF-8 that PostgreSQL takes: it has no text with NUL, and attackers send some. */
export function encodeText(value: string): Uint8Array {
  return Buffer.from(value.includes('\0') ? value.replaceAll('\0', '\ufffd') : value, 'utf8');
}

/** The time that a row is stored under. */
export function clampMicros(micros: number): number {
  return Math.min(Math.max(micros, 0), MAX_MICROS);
}
