/**
 * Source → decoder → packet batch → bytes, in the thread that runs it. A batch closes at
 * `maxRows`, for live sources also after `flushMs`, for paced replays also by packet time.
 * Between two chunks of the source at most one chunk's batches wait in memory.
 */
import { requireLinkType } from '../capture/require-link-type.ts';
import type { FrameHandler, Source, SourceStats } from '../capture/source.ts';
import { LAST_MICROS, PacketBatch } from '../contract/packet-batch.ts';
import { PacketDecoder } from '../core/wire/decoder.ts';
import type { DecoderCounts } from '../core/wire/decoder-counts.ts';
import { encodeBatch } from '../stream/batch-codec.ts';
import type { BatchPlace, BatchProducer, EncodedBatch } from './batch-producer.ts';
import type { EvidenceRing } from './evidence/evidence-ring.ts';
import type { EvidenceStats } from './evidence/evidence-stats.ts';

const BATCH_ROWS = 4096;

/** Captured bytes of one batch: whatever texts the decoder makes of them, the batch can be read back. */
const MAX_CAPTURED_BYTES = 8 << 20;

/** Capture files may claim any 32-bit length; what is stored is a signed one. */
export const MAX_WIRE_LENGTH = 0x7fff_ffff;

export interface SourceBatchesOptions {
  readonly maxRows?: number;
  /** A batch with rows is closed after this time; default: never. */
  readonly flushMs?: number;
  /** A batch is closed when its packets span more than this; default: never. */
  readonly maxSpanMicros?: number;
  /** Added to every timestamp. Whole microseconds. */
  readonly shiftMicros?: number;
  /** The number of a batch that closes; default: counts from the place's first. */
  readonly takeSequence?: () => number;
  /** Keeps the packets' bytes. Whoever gives it closes it. */
  readonly evidence?: EvidenceRing | null;
  /** Waits for the disk that evidence goes to instead of losing some: right for files, wrong for live capture. */
  readonly waitForEvidence?: boolean;
}

export class SourceBatches implements BatchProducer {
  readonly name: string;
  readonly #source: Source;
  readonly #options: SourceBatchesOptions;

  readonly #decoder = new PacketDecoder();

  constructor(source: Source, options: SourceBatchesOptions = {}) {
    this.name = source.name;
    this.#source = source;
    this.#options = options;
  }

  get stats(): Readonly<SourceStats> {
    return this.#source.stats;
  }

  get decoder(): DecoderCounts {
    return this.#decoder.evictions;
  }

  get evidence(): EvidenceStats | null {
    return this.#options.evidence?.stats ?? null;
  }

  async run(
    place: BatchPlace,
    keep: (batch: EncodedBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const { maxRows = BATCH_ROWS, flushMs, shiftMicros = 0 } = this.#options;
    const { maxSpanMicros = Number.POSITIVE_INFINITY } = this.#options;
    const { evidence, waitForEvidence = false } = this.#options;
    const { sensorId, epoch } = place;
    const source = this.#source;
    const decoder = this.#decoder;
    const batch = new PacketBatch(maxRows);
    const closed: EncodedBatch[] = [];
    let next = place.firstSequence;
    const { takeSequence = () => next++ } = this.#options;
    let drops = source.stats.kernelDrops;
    let capturedBytes = 0;
    let begunAtMs = 0;
    let firstMicros = 0;

    const close = () => {
      if (batch.length === 0) return;
      batch.kernelDrops = source.stats.kernelDrops - drops;
      drops = source.stats.kernelDrops;
      const sequence = takeSequence();
      const lastMicros = batch.tsMicros[batch.length - 1] ?? 0;
      if (batch.kernelDrops > 0) {
        const fromMicros = batch.tsMicros[0] ?? 0;
        evidence?.noteLoss({ packets: batch.kernelDrops, fromMicros, toMicros: lastMicros });
      }
      const bytes = encodeBatch(batch, { sensorId, epoch, sequence });
      closed.push({ sequence, rows: batch.length, bytes, lastMicros });
      batch.clear();
      capturedBytes = 0;
    };
    const onFrame: FrameHandler = (frame) => {
      requireLinkType(frame, source);
      const micros = Math.min(Math.max(0, frame.tsMicros + shiftMicros), LAST_MICROS);
      if (batch.length > 0 && micros - firstMicros > maxSpanMicros) close();
      if (batch.length === 0) {
        if (flushMs !== undefined) begunAtMs = performance.now();
        firstMicros = micros;
      }
      const row = decoder.decode(frame, batch);
      batch.tsMicros[row] = micros;
      if (frame.wireLength > MAX_WIRE_LENGTH) batch.wireLength[row] = MAX_WIRE_LENGTH;
      evidence?.append(frame, batch, row);
      capturedBytes += frame.end - frame.start;
      if (batch.isFull || capturedBytes >= MAX_CAPTURED_BYTES) close();
    };
    const onChunk = async () => {
      evidence?.flushIfDue();
      if (waitForEvidence) await evidence?.settle();
      if (flushMs !== undefined && performance.now() - begunAtMs >= flushMs) close();
      for (const ready of closed.splice(0)) await keep(ready);
    };
    try {
      await source.run(onFrame, { signal, onChunk });
    } finally {
      close();
      await onChunk();
    }
  }
}
