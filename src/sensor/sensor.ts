/** A sensor: packets into batches, batches into the spool, the spool to the server. */

import { PacketBatch } from '../contract/packet-batch.ts';
import type { DecoderCounts } from '../core/wire/decoder-counts.ts';
import { AppError, fileTrouble } from '../errors.ts';
import { encodeBatch } from '../stream/batch-codec.ts';
import { SENSOR_ID } from '../stream/batch-meta.ts';
import type { BatchProducer, EncodedBatch } from './batch-producer.ts';
import type { EvidenceStats } from './evidence/evidence-stats.ts';
import type { Shipper, ShipperStats } from './shipper.ts';
import type { Spool, SpoolStats } from './spool.ts';

export interface SensorOptions {
  readonly sensorId: string;
  readonly producer: BatchProducer;
  readonly spool: Spool;
  readonly shipper: Shipper;
  /** Holds a batch back until its time has come; for paced replays. */
  readonly pace?: (batch: EncodedBatch, signal: AbortSignal) => Promise<void>;
  /** Waits for room in the spool instead of losing the oldest: right for files, wrong for live capture. */
  readonly waitForRoomBytes?: number;
  /** Called with what a person should know; default: nothing. */
  readonly onTrouble?: (message: string) => void;
  /** After the end of capture, how long shipping what waits may take; the rest stays in the spool. Default 5 s. */
  readonly stopGraceMs?: number;
}

export interface SensorStats {
  readonly frames: number;
  readonly bytes: number;
  readonly kernelDrops: number;
  /** Rows that reached the spool. */
  readonly rows: number;
  readonly batches: number;
  /** Why the last batch could not be kept; null: it was. */
  readonly spoolTrouble: string | null;
  readonly spool: Readonly<SpoolStats>;
  readonly shipper: Readonly<ShipperStats>;
  /** What decoding gave up to stay in bounds. */
  readonly decoder: DecoderCounts;
  /** Of the packets' bytes that are kept here; null: none are. */
  readonly evidence: EvidenceStats | null;
}

export class Sensor {
  readonly #options: SensorOptions;
  #rows = 0;
  #batches = 0;
  #spoolTrouble: string | null = null;

  /** @throws AppError `usage` where the id is not valid. */
  constructor(options: SensorOptions) {
    if (!SENSOR_ID.test(options.sensorId)) {
      const allowed = 'letters, digits, dot, dash and underscore, at most 64';
      throw new AppError('usage', `Cannot use "${options.sensorId}" as sensor id: ${allowed}`);
    }
    this.#options = options;
  }

  get stats(): SensorStats {
    const { producer, spool, shipper } = this.#options;
    const { frames, bytes, kernelDrops } = producer.stats;
    return {
      frames,
      bytes,
      kernelDrops,
      rows: this.#rows,
      batches: this.#batches,
      spoolTrouble: this.#spoolTrouble,
      spool: spool.stats,
      shipper: shipper.stats,
      decoder: producer.decoder,
      evidence: producer.evidence,
    };
  }

  /**
   * Captures and ships until the packets end and all of them are shipped, or `signal` aborts.
   * @throws what the producer or the shipper throws, after shipping what could be captured.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { shipper } = this.#options;
    const stopShipping = new AbortController();
    const stopCapture = AbortSignal.any([signal, stopShipping.signal]);
    const shipping = shipper.run(stopShipping.signal).finally(() => stopShipping.abort());
    // Awaited below; until then a failure must not count as unhandled.
    shipping.catch(() => undefined);
    let captureError: unknown = null;
    try {
      await this.#capture(stopCapture);
    } catch (error) {
      captureError = error;
    }
    if (this.#batches > 0) await this.#end();
    await this.#finishShipping(signal, stopShipping);
    await shipping;
    if (captureError !== null) throw captureError;
  }

  async #capture(signal: AbortSignal): Promise<void> {
    const { sensorId, producer, spool, pace } = this.#options;
    const place = { sensorId, epoch: spool.epoch, firstSequence: spool.nextSequence };
    const keep = async (batch: EncodedBatch) => {
      if (pace) {
        await pace(batch, signal);
        // A recording that is stopped is stopped; only live capture must keep what it has.
        if (signal.aborted) return;
      }
      await this.#waitForRoom(batch, signal);
      if (await this.#keep(batch)) {
        this.#rows += batch.rows;
        this.#batches++;
      }
    };
    await producer.run(place, keep, signal);
  }

  /** An empty batch ends the capture: the server closes the conversations and windows that are open. */
  async #end(): Promise<void> {
    const { sensorId, spool } = this.#options;
    const sequence = spool.nextSequence;
    const bytes = encodeBatch(new PacketBatch(1), { sensorId, epoch: spool.epoch, sequence });
    await this.#keep({ sequence, rows: 0, bytes });
  }

  /** False where the spool cannot be written, a full disk: the batch is lost and counted, capture goes on. It is said once. */
  async #keep({ sequence, rows, bytes }: Omit<EncodedBatch, 'lastMicros'>): Promise<boolean> {
    const { spool, onTrouble } = this.#options;
    try {
      await spool.append(sequence, rows, bytes);
      this.#spoolTrouble = null;
      return true;
    } catch (error) {
      const trouble = `Cannot write to the spool ${spool.dir}: ${fileTrouble(error)}`;
      if (trouble !== this.#spoolTrouble) onTrouble?.(`${trouble}. What finds no room is lost`);
      this.#spoolTrouble = trouble;
      return false;
    }
  }

  async #waitForRoom(batch: EncodedBatch, signal: AbortSignal): Promise<void> {
    const { spool, waitForRoomBytes } = this.#options;
    if (waitForRoomBytes === undefined) return;
    const isTooFull = () => spool.stats.bytes + batch.bytes.length > waitForRoomBytes;
    while (spool.entries.length > 0 && isTooFull() && !signal.aborted) {
      await spool.waitForRemoval(signal);
    }
  }

  async #finishShipping(signal: AbortSignal, stopShipping: AbortController): Promise<void> {
    const { spool, stopGraceMs = 5000 } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const beginGrace = () => {
      timer = setTimeout(() => stopShipping.abort(), stopGraceMs);
    };
    if (signal.aborted) beginGrace();
    else signal.addEventListener('abort', beginGrace, { once: true });
    while (spool.entries.length > 0 && !stopShipping.signal.aborted) {
      await spool.waitForRemoval(stopShipping.signal);
    }
    signal.removeEventListener('abort', beginGrace);
    clearTimeout(timer);
    stopShipping.abort();
  }
}
