/** The packets of a round that detectors want to see, with what the flow table knew of them, in memory that two threads share. */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { endpointKey } from '../detection/endpoint.ts';
import type { Observation } from '../detection/observation.ts';
import { MAX_FRAMES } from './frame-chunk.ts';

const Bit = {
  NEW_FLOW: 1,
  ATTEMPT: 2,
  FROM_ORIGINATOR: 4,
  HANDSHAKE_END: 8,
  VALIDATED: 16,
  FIRST_ANSWER: 32,
} as const;

export interface RowColumns {
  /** Row of the batch. */
  readonly row: Uint32Array;
  /** Place among the packets of the round. */
  readonly index: Uint32Array;
  readonly sights: Uint8Array;
  readonly bits: Uint8Array;
  readonly flowId: Float64Array;
  readonly nowMicros: Float64Array;
}

export function newRowColumns(): RowColumns {
  const shared = (bytesEach: number) => new SharedArrayBuffer(bytesEach * MAX_FRAMES);
  return {
    row: new Uint32Array(shared(4)),
    index: new Uint32Array(shared(4)),
    sights: new Uint8Array(shared(1)),
    bits: new Uint8Array(shared(1)),
    flowId: new Float64Array(shared(8)),
    nowMicros: new Float64Array(shared(8)),
  };
}

/** Notes a packet in row `at` of the columns. */
export function noteRow(
  columns: RowColumns,
  at: number,
  seen: Observation,
  index: number,
  sights: number,
): void {
  columns.row[at] = seen.row;
  columns.index[at] = index;
  columns.sights[at] = sights;
  columns.flowId[at] = seen.flowId;
  columns.nowMicros[at] = seen.tsMicros;
  columns.bits[at] =
    (seen.isNewFlow ? Bit.NEW_FLOW : 0) |
    (seen.isAttempt ? Bit.ATTEMPT : 0) |
    (seen.isFromOriginator ? Bit.FROM_ORIGINATOR : 0) |
    (seen.isHandshakeEnd ? Bit.HANDSHAKE_END : 0) |
    (seen.isValidated ? Bit.VALIDATED : 0) |
    (seen.isFirstAnswer ? Bit.FIRST_ANSWER : 0);
}

/** Reads them, row after row, as the detectors are shown them. */
export class RowReader {
  readonly #columns: RowColumns;
  readonly #batch: PacketBatch;
  readonly #length: number;
  #at = 0;

  constructor(columns: RowColumns, batch: PacketBatch, length: number) {
    this.#columns = columns;
    this.#batch = batch;
    this.#length = length;
  }

  /** Place of the next row among the packets of the round; Infinity: there is none. */
  get nextIndex(): number {
    return this.#at < this.#length ? this.#columns.index[this.#at]! : Number.POSITIVE_INFINITY;
  }

  /** Fills `seen` with the next row; returns its `Sight` bits. */
  next(seen: Observation): number {
    const columns = this.#columns;
    const batch = this.#batch;
    const at = this.#at++;
    const row = columns.row[at]!;
    const version = batch.ipVersion[row]!;
    const bits = columns.bits[at]!;
    seen.batch = batch;
    seen.row = row;
    seen.tsMicros = columns.nowMicros[at]!;
    seen.sourceKey = version === 0 ? -1 : endpointKey(batch.src, 4 * row, version);
    seen.targetKey = version === 0 ? -1 : endpointKey(batch.dst, 4 * row, version);
    seen.flowId = columns.flowId[at]!;
    seen.isNewFlow = (bits & Bit.NEW_FLOW) !== 0;
    seen.isAttempt = (bits & Bit.ATTEMPT) !== 0;
    seen.isFromOriginator = (bits & Bit.FROM_ORIGINATOR) !== 0;
    seen.isHandshakeEnd = (bits & Bit.HANDSHAKE_END) !== 0;
    seen.isValidated = (bits & Bit.VALIDATED) !== 0;
    seen.isFirstAnswer = (bits & Bit.FIRST_ANSWER) !== 0;
    return columns.sights[at]!;
  }
}
