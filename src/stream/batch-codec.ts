/**
 * Packet batches on disk and on the wire: an Arrow IPC stream of one record batch, bodies in zstd,
 * nulls as Arrow nulls, so that any Arrow reader opens a spool file. `meta` and the kernel's drops
 * stand in the schema's metadata.
 */

import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  Batch,
  Column,
  CompressionType,
  type DataType,
  dictionary,
  type Field,
  field,
  fixedSizeBinary,
  float32,
  int8,
  int16,
  int32,
  int64,
  setCompressionCodec,
  Table,
  TimeUnit,
  tableToIPC,
  timestamp,
  uint8,
  uint16,
  uint32,
  utf8,
} from '@uwdata/flechette';
import type { NumberArray } from '../contract/number-array.ts';
import { PacketBatch, type TextColumn } from '../contract/packet-batch.ts';
import { AppError } from '../errors.ts';
import { ArrowError, type ArrowRecord, type ArrowStream, readArrowStream } from './arrow-stream.ts';
import {
  type ArrowKind,
  BATCH_COLUMNS,
  type BatchColumn,
  FORMAT_VERSION,
  type NumberColumn,
} from './batch-columns.ts';
import { type BatchMeta, EPOCH, SENSOR_ID } from './batch-meta.ts';

export const BATCH_CONTENT_TYPE = 'application/vnd.apache.arrow.stream';
const MAX_BATCH_ROWS = 65_536;
/** Of one batch, decompressed. 4,096 rows with every text at its longest fit. */
const MAX_BATCH_BYTES = 64 << 20;

export interface DecodedBatch {
  readonly batch: PacketBatch;
  readonly meta: BatchMeta;
}

export interface DecodeOptions {
  /** Default and most: `MAX_BATCH_ROWS`. */
  readonly maxRows?: number;
  /** Decompressed; default `MAX_BATCH_BYTES`. */
  readonly maxBytes?: number;
}

const WORD = 2 ** 32;
/** Longest text of one value, in UTF-8. */
const MAX_TEXT_BYTES = 16_384;

const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/**
 * Most columns of a batch are one byte over and over: no DNS, no HTTP. Compressing takes 20 µs to begin with,
 * so what comes of them is kept by byte and length; full batches have few lengths.
 */
const uniform = new Map<number, Uint8Array>();
const MAX_UNIFORM = 512;

function compressed(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const isUniform =
    length > 1 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, length - 1)) === 0;
  if (!isUniform) return zstdCompressSync(bytes, COMPRESSION);
  const key = length * 256 + (bytes[0] ?? 0);
  let known = uniform.get(key);
  if (!known) {
    if (uniform.size >= MAX_UNIFORM) uniform.clear();
    known = zstdCompressSync(bytes, COMPRESSION);
    uniform.set(key, known);
  }
  return known;
}

setCompressionCodec(CompressionType.ZSTD, {
  encode: compressed,
  decode: (bytes) => zstdDecompressSync(bytes, { maxOutputLength: MAX_BATCH_BYTES }),
});

const ARROW_TYPES: Record<ArrowKind, () => DataType> = {
  timestamp: () => timestamp(TimeUnit.MICROSECOND, 'UTC'),
  int64,
  int32,
  int16,
  int8,
  uint32,
  uint16,
  uint8,
  float32,
  fixed16: () => fixedSizeBinary(16),
};

/** The batch as bytes of its own; the batch may be cleared afterwards. */
export function encodeBatch(batch: PacketBatch, meta: BatchMeta): Uint8Array {
  const fields: Field[] = [];
  const columns: Column<unknown>[] = [];
  for (const column of BATCH_COLUMNS) {
    const data =
      column.kind === 'text'
        ? textBatch(column.column(batch), batch.length)
        : numberBatch(column, batch);
    fields.push(field(column.name, data.type, isNullable(column)));
    columns.push(new Column([data]));
  }
  const metadata = new Map([
    ['format_version', FORMAT_VERSION],
    ['sensor_id', meta.sensorId],
    ['epoch', meta.epoch],
    ['sequence', String(meta.sequence)],
    ['kernel_drops', String(batch.kernelDrops)],
  ]);
  const table = new Table({ version: 4, endianness: 0, fields, metadata }, columns);
  const bytes = tableToIPC(table, { codec: CompressionType.ZSTD });
  if (!bytes) throw new Error('the encoder gave no bytes');
  return bytes;
}

/** @throws AppError `input_invalid` saying what is wrong: nothing of the bytes is believed unchecked. */
export function decodeBatch(bytes: Uint8Array, options: DecodeOptions = {}): DecodedBatch {
  try {
    const stream = readArrowStream(bytes, options.maxBytes ?? MAX_BATCH_BYTES);
    return decodeStream(stream, Math.min(options.maxRows ?? MAX_BATCH_ROWS, MAX_BATCH_ROWS));
  } catch (error) {
    if (error instanceof ArrowError) {
      throw new AppError('input_invalid', `Cannot read the packet batch: ${error.message}`);
    }
    throw error;
  }
}

function isNullable(column: BatchColumn): boolean {
  return column.kind === 'text' || column.nullValue !== undefined || column.nullWhere !== undefined;
}

function textBatch(column: TextColumn, rows: number): Batch<unknown> {
  const codes = column.codes.subarray(0, rows);
  const { validity, nulls } = validityOf(codes, -1);
  const encoder = new TextEncoder();
  const texts = column.values.map((value) => encoder.encode(value));
  const offsets = new Int32Array(texts.length + 1);
  for (const [index, text] of texts.entries()) {
    offsets[index + 1] = (offsets[index] ?? 0) + text.length;
  }
  const values = new Uint8Array(offsets[texts.length] ?? 0);
  for (const [index, text] of texts.entries()) values.set(text, offsets[index]);
  const type = utf8();
  const entries = new Batch<unknown>({
    length: texts.length,
    nullCount: 0,
    type,
    validity: new Uint8Array(0),
    offsets,
    values,
  });
  const data = new Batch<unknown>({
    length: rows,
    nullCount: nulls,
    // The same object: by it the encoder finds the dictionary of a column.
    type: dictionary(type, int32()),
    validity,
    values: codes,
  });
  // What the encoder looks for; the class that has it would decode every text again.
  return Object.assign(data, { dictionary: new Column([entries]) });
}

function numberBatch(column: NumberColumn, batch: PacketBatch): Batch<unknown> {
  const rows = batch.length;
  const array = column.array(batch);
  let validity: Uint8Array = new Uint8Array(0);
  let nulls = 0;
  if (column.nullWhere) {
    const [gate, value] = column.nullWhere(batch);
    ({ validity, nulls } = validityOf(gate.subarray(0, rows), value));
  } else if (column.nullValue !== undefined) {
    ({ validity, nulls } = validityOf(array.subarray(0, rows), column.nullValue));
  }
  const type = ARROW_TYPES[column.kind]();
  return new Batch<unknown>({
    length: rows,
    nullCount: nulls,
    type,
    validity,
    values: storedValues(column.kind, array, rows),
  });
}

/** The bytes of a column as Arrow has them. */
function storedValues(kind: ArrowKind, array: NumberArray, rows: number): NumberArray {
  if (kind === 'fixed16') return bytesSwapped(array.subarray(0, 4 * rows));
  if (kind !== 'timestamp' && kind !== 'int64') return array.subarray(0, rows);
  const words = new Uint32Array(2 * rows);
  for (let row = 0; row < rows; row++) {
    const value = array[row] ?? 0;
    const high = Math.floor(value / WORD);
    words[2 * row] = value - high * WORD;
    words[2 * row + 1] = high;
  }
  return words;
}

function bytesSwapped(words: NumberArray): Uint32Array {
  const swapped = new Uint32Array(words.length);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? 0;
    swapped[index] =
      (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
  }
  return swapped;
}

/** Numbers of any width as one kind: a loop over many kinds of array costs several times as much. */
let same = new Float64Array(0);

/** Arrow's bitmap, a set bit where the value is not null; empty where none is. */
function validityOf(
  values: NumberArray,
  nullValue: number,
): { validity: Uint8Array; nulls: number } {
  const rows = values.length;
  if (!values.includes(nullValue)) return { validity: new Uint8Array(0), nulls: 0 };
  if (same.length < rows) same = new Float64Array(rows);
  same.set(values);
  const validity = new Uint8Array((rows + 7) >> 3);
  const nullIsNaN = Number.isNaN(nullValue);
  let nulls = 0;
  let bits = 0;
  for (let row = 0; row < rows; row++) {
    const value = same[row] ?? 0;
    if (value === nullValue || (nullIsNaN && Number.isNaN(value))) nulls++;
    else bits |= 1 << (row & 7);
    if ((row & 7) === 7) {
      validity[row >> 3] = bits;
      bits = 0;
    }
  }
  if ((rows & 7) !== 0) validity[rows >> 3] = bits;
  return { validity, nulls };
}

function decodeStream(stream: ArrowStream, maxRows: number): DecodedBatch {
  const { metadata, record } = stream;
  const version = metadata.get('format_version');
  if (version !== FORMAT_VERSION)
    throw new ArrowError(`its format version is ${version ?? 'missing'}`);
  const meta: BatchMeta = {
    sensorId: metadata.get('sensor_id') ?? '',
    epoch: metadata.get('epoch') ?? '',
    sequence: wholeNumber(metadata, 'sequence'),
  };
  if (!SENSOR_ID.test(meta.sensorId)) throw new ArrowError('its sensor_id is not valid');
  if (!EPOCH.test(meta.epoch)) throw new ArrowError('its epoch is not valid');
  if (record.length > maxRows) {
    throw new ArrowError(`it has ${record.length} rows, more than the ${maxRows} allowed`);
  }
  checkFields(stream);
  const batch = new PacketBatch(record.length);
  batch.length = record.length;
  batch.kernelDrops = wholeNumber(metadata, 'kernel_drops');
  for (const [index, column] of BATCH_COLUMNS.entries()) {
    if (column.kind === 'text') {
      const dictionaryId = stream.fields[index]?.dictionary ?? -1;
      readText(column.name, column.column(batch), record, stream.dictionaries.get(dictionaryId));
    } else {
      readNumbers(column, batch, record);
    }
  }
  checkAddresses(batch);
  return { batch, meta };
}

function wholeNumber(metadata: ReadonlyMap<string, string>, key: string): number {
  const text = metadata.get(key) ?? '';
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new ArrowError(`its ${key} is not a whole number`);
  }
  return value;
}

function checkFields(stream: ArrowStream): void {
  if (stream.fields.length !== BATCH_COLUMNS.length) {
    throw new ArrowError(`it has ${stream.fields.length} columns, not ${BATCH_COLUMNS.length}`);
  }
  for (const [index, column] of BATCH_COLUMNS.entries()) {
    const found = stream.fields[index];
    if (found?.name !== column.name || found.kind !== column.kind) {
      const what = `${found?.name.slice(0, 64)} (${found?.kind})`;
      throw new ArrowError(`column ${index} is ${what}, not ${column.name} (${column.kind})`);
    }
  }
}

function readNumbers(column: NumberColumn, batch: PacketBatch, record: ArrowRecord): void {
  const rows = record.length;
  const nulls = record.nextNode();
  const validity = readValidity(column, nulls, record);
  const array = column.array(batch);
  const stored = record.nextBuffer();
  if (column.kind === 'timestamp' || column.kind === 'int64') {
    const words = new Uint32Array(2 * rows);
    copyExactly(column.name, stored, words);
    for (let row = 0; row < rows; row++) {
      array[row] = (words[2 * row + 1] ?? 0) * WORD + (words[2 * row] ?? 0);
    }
  } else {
    copyExactly(column.name, stored, array);
    if (column.kind === 'fixed16') array.set(bytesSwapped(array));
  }
  const width = column.kind === 'fixed16' ? 4 : 1;
  const nullValue = column.nullValue ?? 0;
  for (let row = 0; row < rows; row++) {
    if (validity !== null && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) {
      array.fill(nullValue, width * row, width * row + width);
    } else if (width === 1) {
      const value = array[row] ?? Number.NaN;
      // Written so that NaN fails too.
      if (!(value >= 0 && value <= column.max)) {
        throw new ArrowError(`row ${row} of ${column.name} holds ${value}`);
      }
    }
  }
}

function readValidity(
  column: { name: string },
  nulls: number,
  record: ArrowRecord,
  isRequired = false,
): Uint8Array | null {
  const validity = record.nextBuffer();
  if (nulls === 0) return null;
  if (isRequired || validity.length < (record.length + 7) >> 3) {
    throw new ArrowError(`${column.name} has nulls but no bitmap for them`);
  }
  return validity;
}

/** Fills `target` from the buffer, which may only be longer by padding. */
function copyExactly(name: string, stored: Uint8Array, target: NumberArray): void {
  if (stored.length < target.byteLength || stored.length > target.byteLength + 64) {
    throw new ArrowError(`${name} has ${stored.length} bytes, not ${target.byteLength}`);
  }
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(
    stored.subarray(0, target.byteLength),
  );
}

function readText(
  name: string,
  column: TextColumn,
  record: ArrowRecord,
  entries: ArrowRecord | undefined,
): void {
  if (!entries) throw new ArrowError(`${name} has no dictionary`);
  if (entries.length > MAX_BATCH_ROWS)
    throw new ArrowError(`${name} has ${entries.length} entries`);
  readValidity({ name }, entries.nextNode(), entries, true);
  const offsets = new Int32Array(entries.length + 1);
  const storedOffsets = entries.nextBuffer();
  // Arrow allows an empty column to have no offsets at all.
  if (entries.length > 0) copyExactly(name, storedOffsets, offsets);
  const bytes = entries.nextBuffer();
  const decoder = new TextDecoder();
  const codes = new Int32Array(entries.length);
  for (let entry = 0; entry < entries.length; entry++) {
    const start = offsets[entry] ?? -1;
    const end = offsets[entry + 1] ?? -1;
    if (start < 0 || end < start || end > bytes.length || end - start > MAX_TEXT_BYTES) {
      throw new ArrowError(`entry ${entry} of ${name} has impossible bounds`);
    }
    codes[entry] = column.codeFor(decoder.decode(bytes.subarray(start, end)));
  }
  const nulls = record.nextNode();
  const validity = readValidity({ name }, nulls, record);
  copyExactly(name, record.nextBuffer(), column.codes);
  for (let row = 0; row < record.length; row++) {
    if (validity !== null && ((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) {
      column.codes[row] = -1;
      continue;
    }
    const code = codes[column.codes[row] ?? -1];
    if (code === undefined) throw new ArrowError(`row ${row} of ${name} has no such entry`);
    column.codes[row] = code;
  }
}

/** IPv4 is (0, 0, 0xffff, address): what everything behind relies on. */
function checkAddresses(batch: PacketBatch): void {
  for (let row = 0; row < batch.length; row++) {
    const version = batch.ipVersion[row];
    if (version === 6 || version === 0) continue;
    const isMapped = (words: Uint32Array) =>
      words[4 * row] === 0 && words[4 * row + 1] === 0 && words[4 * row + 2] === 0xffff;
    if (version !== 4 || !isMapped(batch.src) || !isMapped(batch.dst)) {
      throw new ArrowError(`row ${row} has no valid address of IP version ${version}`);
    }
  }
}
