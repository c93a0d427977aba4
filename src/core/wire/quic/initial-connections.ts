/**
 * QUIC connections whose client's hello has begun to come, or has come of late: their keys, because later
 * packets of the client bear another connection ID, and the handshake's bytes so far.
 *
 * Bounds: `SETS × WAYS` connections with memory of 16 KiB each, allocated as they are needed (2 MiB at most). A
 * new one takes the place of the one in its set that was touched longest ago; `evicted` counts those whose hello
 * had not come to its end.
 */
import type { PacketBatch } from '../../../contract/packet-batch.ts';
import { surroundingsOf } from '../surroundings.ts';
import { CryptoStream } from './crypto-stream.ts';
import type { InitialKeys } from './initial-keys.ts';

const SETS = 32;
const WAYS = 4;
const WORDS = 4;

export class Connection {
  readonly src = new Uint32Array(WORDS);
  readonly dst = new Uint32Array(WORDS);
  srcPort = -1;
  dstPort = -1;
  surroundings = 0;
  /** The ID that the keys follow from. */
  id: Uint8Array = new Uint8Array(0);
  keys: InitialKeys;
  readonly stream = new CryptoStream();
  /** The hello has been read, or is of no use. */
  isDone = false;
  touched = 0;

  constructor(keys: InitialKeys) {
    this.keys = keys;
  }

  hasId(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start !== this.id.length) return false;
    for (let i = start; i < end; i++) if (bytes[i] !== this.id[i - start]) return false;
    return true;
  }
}

export class InitialConnections {
  evicted = 0;
  #clock = 0;
  readonly #connections = new Array<Connection | undefined>(SETS * WAYS).fill(undefined);

  /** That of the row's source with its destination. */
  find(batch: PacketBatch, row: number): Connection | undefined {
    const { src, dst, srcPort, dstPort } = batch;
    const around = surroundingsOf(batch, row);
    return this.#find(src, srcPort[row]!, dst, dstPort[row]!, WORDS * row, around);
  }

  /** Whether the row goes from the server to the client of one. */
  isAnswer(batch: PacketBatch, row: number): boolean {
    const { src, dst, srcPort, dstPort } = batch;
    const around = surroundingsOf(batch, row);
    return this.#find(dst, dstPort[row]!, src, srcPort[row]!, WORDS * row, around) !== undefined;
  }

  /** Begins one, or begins it anew. */
  begin(batch: PacketBatch, row: number, id: Uint8Array, keys: InitialKeys): Connection {
    const known = this.find(batch, row);
    const connection = known ?? this.#place(batch, row, keys);
    if (known === undefined) {
      const at = WORDS * row;
      connection.src.set(batch.src.subarray(at, at + WORDS));
      connection.dst.set(batch.dst.subarray(at, at + WORDS));
      connection.srcPort = batch.srcPort[row]!;
      connection.dstPort = batch.dstPort[row]!;
      connection.surroundings = surroundingsOf(batch, row);
    }
    connection.id = id;
    connection.keys = keys;
    connection.isDone = false;
    connection.touched = ++this.#clock;
    connection.stream.reset();
    return connection;
  }

  #find(
    from: Uint32Array,
    fromPort: number,
    to: Uint32Array,
    toPort: number,
    at: number,
    around: number,
  ): Connection | undefined {
    const first = WAYS * setOf(from, fromPort, to, toPort, at, around);
    for (let slot = first; slot < first + WAYS; slot++) {
      const connection = this.#connections[slot];
      if (
        connection !== undefined &&
        connection.srcPort === fromPort &&
        connection.dstPort === toPort &&
        connection.surroundings === around &&
        isSame(connection.src, from, at) &&
        isSame(connection.dst, to, at)
      ) {
        connection.touched = ++this.#clock;
        return connection;
      }
    }
    return undefined;
  }

  /** A free place, or that of the one touched longest ago. */
  #place(batch: PacketBatch, row: number, keys: InitialKeys): Connection {
    const { src, dst, srcPort, dstPort } = batch;
    const around = surroundingsOf(batch, row);
    const first = WAYS * setOf(src, srcPort[row]!, dst, dstPort[row]!, WORDS * row, around);
    const places = this.#connections.slice(first, first + WAYS);
    const free = places.indexOf(undefined);
    if (free >= 0) {
      const fresh = new Connection(keys);
      this.#connections[first + free] = fresh;
      return fresh;
    }
    const oldest = places.reduce((a, b) => (a!.touched <= b!.touched ? a : b))!;
    if (!oldest.isDone) this.evicted++;
    return oldest;
  }
}

function isSame(address: Uint32Array, words: Uint32Array, at: number): boolean {
  return (
    address[3] === words[at + 3] &&
    address[2] === words[at + 2] &&
    address[1] === words[at + 1] &&
    address[0] === words[at]
  );
}

function setOf(
  from: Uint32Array,
  fromPort: number,
  to: Uint32Array,
  toPort: number,
  at: number,
  around: number,
): number {
  let h = Math.imul(from[at + 3]! ^ Math.imul(from[at + 1]!, 31) ^ fromPort, 0x9e3779b1) ^ around;
  h =
    Math.imul(h ^ (h >>> 15) ^ toPort, 0x85ebca6b) ^
    Math.imul(to[at + 3]! ^ to[at + 1]!, 0xc2b2ae35);
  return (h ^ (h >>> 13)) & (SETS - 1);
}
