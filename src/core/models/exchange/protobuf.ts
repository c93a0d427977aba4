/** The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as far as ONNX files need it. */
import { bytesOfText } from './text-of.ts';
import { refused } from './tree-table.ts';

const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;
/** Field numbers end at 2²⁹ − 1. */
const MAX_VARINT_BYTES = 10;

export interface ProtoField {
  readonly number: number;
  readonly isVarint: boolean;
  /** Of varints; whole numbers to 2⁵³ come out exact, negative ones too. */
  readonly value: number;
  /** Of everything else: 4, 8 or as many bytes as there are. */
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array(0);

/**
 * One field after the other: a file of many small ones must not become as many objects at once. Throws
 * `model_incompatible` for whatever is no message.
 */
export function* fieldsOf(message: Uint8Array): Generator<ProtoField> {
  let at = 0;
  const take = (count: number) => {
    if (!(count >= 0 && at + count <= message.length))
      throw refused('a part is longer than the file');
    at += count;
    return message.subarray(at - count, at);
  };
  while (at < message.length) {
    const tag = readVarint(message, at);
    at = tag.end;
    const number = Math.floor(tag.value / 8);
    const type = tag.value % 8;
    if (type === VARINT) {
      const { value, end } = readVarint(message, at);
      at = end;
      yield { number, isVarint: true, value, bytes: NO_BYTES };
    } else if (type === LENGTH_DELIMITED) {
      const { value, end } = readVarint(message, at);
      at = end;
      yield { number, isVarint: false, value: 0, bytes: take(value) };
    } else if (type === FIXED_32 || type === FIXED_64) {
      const bytes = take(type === FIXED_32 ? 4 : 8);
      yield { number, isVarint: false, value: 0, bytes };
    } else throw refused(`it is no protocol buffer: wire type ${type}`);
  }
}

/** Of a field of integers, packed or one by one. */
export function integersOf(message: Uint8Array, number: number): number[] {
  const values: number[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== number) continue;
    if (field.isVarint) values.push(field.value);
    for (let at = 0; at < field.bytes.length; ) {
      const { value, end } = readVarint(field.bytes, at);
      values.push(value);
      at = end;
    }
  }
  return values;
}

/** Of a field of 32-bit floats, packed or one by one. */
export function floatsOf(message: Uint8Array, number: number): number[] {
  const values: number[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== number) continue;
    const { bytes } = field;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at + 4 <= bytes.length; at += 4) values.push(view.getFloat32(at, true));
  }
  return values;
}

function readVarint(bytes: Uint8Array, begin: number): { value: number; end: number } {
  let value = 0n;
  for (let at = begin; at < begin + MAX_VARINT_BYTES && at < bytes.length; at++) {
    value |= BigInt(bytes[at]! & 127) << BigInt(7 * (at - begin));
    if (bytes[at]! < 128) return { value: Number(BigInt.asIntN(64, value)), end: at + 1 };
  }
  throw refused('it is no protocol buffer: a number does not end');
}

/** A message while it is written. */
export class ProtoWriter {
  readonly #parts: Uint8Array[] = [];

  integer(number: number, value: number): this {
    return this.#push(varint(number * 8 + VARINT), varint(value));
  }

  float(number: number, value: number): this {
    return this.#push(varint(number * 8 + FIXED_32), float32(value));
  }

  text(number: number, value: string): this {
    return this.#delimited(number, bytesOfText(value));
  }

  message(number: number, message: ProtoWriter): this {
    return this.#delimited(number, message.bytes());
  }

  integers(number: number, values: readonly number[]): this {
    return this.#delimited(number, concat(values.map(varint)));
  }

  floats(number: number, values: readonly number[]): this {
    return this.#delimited(number, concat(values.map(float32)));
  }

  bytes(): Uint8Array {
    return concat(this.#parts);
  }

  #delimited(number: number, bytes: Uint8Array): this {
    return this.#push(varint(number * 8 + LENGTH_DELIMITED), varint(bytes.length), bytes);
  }

  #push(...parts: Uint8Array[]): this {
    this.#parts.push(...parts);
    return this;
  }
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function float32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return bytes;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
