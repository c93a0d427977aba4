/**
 * The little of FlatBuffers that Arrow's messages need, read from bytes nobody vouches for: every
 * offset goes through a DataView (a RangeError where it points outside), every vector's length is
 * checked against the bytes there are. Source: flatbuffers.dev, "internals".
 */

export class FlatTable {
  readonly #view: DataView;
  readonly #position: number;
  readonly #vtable: number;
  readonly #vtableBytes: number;

  constructor(view: DataView, position: number) {
    this.#view = view;
    this.#position = position;
    this.#vtable = position - view.getInt32(position, true);
    this.#vtableBytes = view.getUint16(this.#vtable, true);
  }

  static root(view: DataView): FlatTable {
    return new FlatTable(view, view.getUint32(0, true));
  }

  int8(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : this.#view.getInt8(at);
  }

  int16(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : this.#view.getInt16(at, true);
  }

  int32(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : this.#view.getInt32(at, true);
  }

  int64(field: number): number {
    const at = this.#at(field);
    return at === 0 ? 0 : safeInt64(this.#view, at);
  }

  table(field: number): FlatTable | null {
    const at = this.#at(field);
    return at === 0 ? null : new FlatTable(this.#view, at + this.#view.getUint32(at, true));
  }

  text(field: number): string {
    const at = this.#at(field);
    if (at === 0) return '';
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    this.#checkRoom(start + 4, length);
    return new TextDecoder().decode(
      new Uint8Array(this.#view.buffer, this.#view.byteOffset + start + 4, length),
    );
  }

  tables(field: number): FlatTable[] {
    return this.#vector(
      field,
      4,
      (at) => new FlatTable(this.#view, at + this.#view.getUint32(at, true)),
    );
  }

  /** A vector of structs of two 64-bit integers, Arrow's field nodes and buffers. */
  pairs(field: number): [number, number][] {
    return this.#vector(field, 16, (at) => [
      safeInt64(this.#view, at),
      safeInt64(this.#view, at + 8),
    ]);
  }

  #vector<T>(field: number, stride: number, read: (at: number) => T): T[] {
    const at = this.#at(field);
    if (at === 0) return [];
    const start = at + this.#view.getUint32(at, true);
    const length = this.#view.getUint32(start, true);
    this.#checkRoom(start + 4, length * stride);
    return Array.from({ length }, (_, index) => read(start + 4 + index * stride));
  }

  #checkRoom(start: number, bytes: number): void {
    if (start + bytes > this.#view.byteLength) throw new RangeError('a vector ends outside');
  }

  #at(field: number): number {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.#vtableBytes) return 0;
    const offset = this.#view.getUint16(this.#vtable + slot, true);
    return offset === 0 ? 0 : this.#position + offset;
  }
}

/** Not below 0 and exact. */
function safeInt64(view: DataView, at: number): number {
  const value = Number(view.getBigInt64(at, true));
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) throw new RangeError(`${value} is no size`);
  return value;
}
