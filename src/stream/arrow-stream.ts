/**
 * Arrow IPC streams taken apart: fields, metadata, dictionaries and one record batch, with every
 * buffer decompressed on demand and within a budget. Nothing is trusted: the bytes come over the
 * network. (The library we encode with reads streams too, but believes the lengths they claim.)
 * Source: arrow.apache.org/docs/format/Columnar.html, "Serialization and IPC".
 */
import { zstdDecompressSync } from 'node:zlib';
import { FlatTable } from './flatbuffer.ts';

const CONTINUATION = 0xffff_ffff;
const HEADER_SCHEMA = 1;
const HEADER_DICTIONARY = 2;
const HEADER_RECORD = 3;
const CODEC_ZSTD = 1;
const NOT_COMPRESSED = 0xffff_ffff_ffff_ffffn;

const TYPE_INT = 2;
const TYPE_FLOAT = 3;
const TYPE_UTF8 = 5;
const TYPE_TIMESTAMP = 10;
const TYPE_FIXED_BINARY = 15;

/** What makes a stream unreadable; the codec turns it into an `AppError`. */
export class ArrowError extends Error {
  override readonly name = 'ArrowError';
}

interface ArrowField {
  readonly name: string;
  /** `int32`, `uint8`, `float32`, `timestamp`, `fixed16`, `utf8`, or `text`: a dictionary of utf8 with int32 codes. */
  readonly kind: string;
  /** -1: the column has no dictionary. */
  readonly dictionary: number;
}

/** The buffers of one record batch, handed out in order. */
export class ArrowRecord {
  readonly length: number;
  readonly #nodes: [number, number][];
  readonly #buffers: [number, number][];
  readonly #body: Uint8Array;
  readonly #compressed: boolean;
  readonly #budget: ByteBudget;
  #node = 0;
  #buffer = 0;

  constructor(table: FlatTable, body: Uint8Array, budget: ByteBudget) {
    this.length = table.int64(0);
    this.#nodes = table.pairs(1);
    this.#buffers = table.pairs(2);
    this.#body = body;
    this.#budget = budget;
    const compression = table.table(3);
    if (compression && compression.int8(0) !== CODEC_ZSTD) {
      throw new ArrowError('bodies are compressed with another codec than zstd');
    }
    this.#compressed = compression !== null;
  }

  /** Nulls of the next column, which must have `length` rows. */
  nextNode(): number {
    const node = this.#nodes[this.#node++];
    if (!node) throw new ArrowError('columns are missing');
    if (node[0] !== this.length) throw new ArrowError(`a column has ${node[0]} rows`);
    if (node[1] > this.length) throw new ArrowError(`a column has ${node[1]} nulls`);
    return node[1];
  }

  /** The next buffer, decompressed. */
  nextBuffer(): Uint8Array {
    const region = this.#buffers[this.#buffer++];
    if (!region) throw new ArrowError('buffers are missing');
    const [offset, length] = region;
    if (offset + length > this.#body.length) throw new ArrowError('a buffer ends outside its body');
    const stored = this.#body.subarray(offset, offset + length);
    if (!this.#compressed || length === 0) return this.#budget.take(stored);
    if (length < 8) throw new ArrowError('a compressed buffer has no length');
    const view = new DataView(stored.buffer, stored.byteOffset, 8);
    const claimed = view.getBigUint64(0, true);
    if (claimed === NOT_COMPRESSED) return this.#budget.take(stored.subarray(8));
    return this.#budget.inflate(stored.subarray(8), Number(claimed));
  }
}

/** Bounds what all buffers of a stream take together once decompressed. */
class ByteBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: Uint8Array): Uint8Array {
    this.#spend(bytes.length);
    return bytes;
  }

  inflate(bytes: Uint8Array, claimed: number): Uint8Array {
    this.#spend(claimed);
    let inflated: Uint8Array;
    try {
      inflated = zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, claimed) });
    } catch (error) {
      throw new ArrowError(`a buffer is not zstd (${(error as Error).message})`);
    }
    if (inflated.length !== claimed)
      throw new ArrowError('a buffer has another length than claimed');
    return inflated;
  }

  #spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new ArrowError('it is larger than allowed once decompressed');
  }
}

export interface ArrowStream {
  readonly fields: readonly ArrowField[];
  readonly metadata: ReadonlyMap<string, string>;
  readonly dictionaries: ReadonlyMap<number, ArrowRecord>;
  readonly record: ArrowRecord;
}

/**
 * @param maxBytes of all buffers together, decompressed.
 * @throws ArrowError where the bytes are not one whole stream of one record batch.
 */
export function readArrowStream(bytes: Uint8Array, maxBytes: number): ArrowStream {
  try {
    return readMessages(bytes, new ByteBudget(maxBytes));
  } catch (error) {
    // A DataView's answer to an offset that points outside: the bytes' fault, not ours.
    if (error instanceof RangeError) throw new ArrowError('an offset points outside');
    throw error;
  }
}

function readMessages(bytes: Uint8Array, budget: ByteBudget): ArrowStream {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let schema: FlatTable | null = null;
  let record: ArrowRecord | null = null;
  const dictionaries = new Map<number, ArrowRecord>();
  for (let at = 0; at < bytes.length; ) {
    if (view.getUint32(at, true) !== CONTINUATION) throw new ArrowError('a message has no marker');
    const size = view.getUint32(at + 4, true);
    at += 8;
    if (size === 0) break;
    const message = FlatTable.root(new DataView(view.buffer, view.byteOffset + at, size));
    const header = message.table(2);
    const bodyBytes = message.int64(3);
    at += size;
    if (!header || at + bodyBytes > bytes.length) throw new ArrowError('a message is cut short');
    const body = bytes.subarray(at, at + bodyBytes);
    at += bodyBytes;
    const kind = message.int8(1);
    if (kind === HEADER_SCHEMA && !schema) {
      schema = header;
    } else if (kind === HEADER_DICTIONARY && schema && !record) {
      const data = header.table(1);
      const id = header.int64(0);
      if (!data || header.int8(2) !== 0 || dictionaries.has(id)) {
        throw new ArrowError('a dictionary is given more than once');
      }
      dictionaries.set(id, new ArrowRecord(data, body, budget));
    } else if (kind === HEADER_RECORD && schema && !record) {
      record = new ArrowRecord(header, body, budget);
    } else {
      throw new ArrowError(`a message of type ${kind} is out of place`);
    }
  }
  if (!schema || !record) throw new ArrowError('it holds no record batch');
  if (schema.int16(0) !== 0) throw new ArrowError('it is big-endian');
  const metadata = new Map(schema.tables(2).map((pair) => [pair.text(0), pair.text(1)]));
  return { fields: schema.tables(1).map(readField), metadata, dictionaries, record };
}

function readField(field: FlatTable): ArrowField {
  const name = field.text(0);
  const kind = kindOf(field.int8(2), field.table(3));
  const encoding = field.table(4);
  if (!encoding) return { name, kind, dictionary: -1 };
  const index = encoding.table(1);
  // Absent index type: signed 32 bits.
  const indexKind = index ? kindOf(TYPE_INT, index) : 'int32';
  const isText = kind === 'utf8' && indexKind === 'int32';
  return { name, kind: isText ? 'text' : `dictionary of ${kind}`, dictionary: encoding.int64(0) };
}

function kindOf(type: number, table: FlatTable | null): string {
  if (type === TYPE_INT && table) return `${table.int8(1) ? '' : 'u'}int${table.int32(0)}`;
  if (type === TYPE_FLOAT && table)
    return ['float16', 'float32', 'float64'][table.int16(0)] ?? 'float';
  if (type === TYPE_UTF8) return 'utf8';
  if (type === TYPE_TIMESTAMP && table?.int16(0) === 2) return 'timestamp';
  if (type === TYPE_FIXED_BINARY && table) return `fixed${table.int32(0)}`;
  return `type ${type}`;
}
