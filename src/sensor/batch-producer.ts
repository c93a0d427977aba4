/** What turns packets into encoded batches for the spool: in this thread from a source, or in a worker from the ring. */
import type { SourceStats } from '../capture/source.ts';
import type { DecoderCounts } from '../core/wire/decoder-counts.ts';
import type { EvidenceStats } from './evidence/evidence-stats.ts';

export interface EncodedBatch {
  readonly sequence: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
  /** Of the batch's last packet. */
  readonly lastMicros: number;
}

/** Where the batches go on counting. */
export interface BatchPlace {
  readonly sensorId: string;
  readonly epoch: string;
  readonly firstSequence: number;
}

export interface BatchProducer {
  readonly name: string;
  readonly stats: Readonly<SourceStats>;
  /** What decoding gave up to stay in bounds. */
  readonly decoder: DecoderCounts;
  /** Of the packets' bytes that are kept; null: none are. */
  readonly evidence: EvidenceStats | null;
  /**
   * Hands out batches in order, one at a time, until the packets end or `signal` aborts; the rows
   * that were begun are handed out then too.
   * @throws AppError as `Source.run` does, after the batches that could be made.
   */
  run(
    place: BatchPlace,
    keep: (batch: EncodedBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void>;
}
