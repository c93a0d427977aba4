/** Captures through a sensor's own path into a server, at the speed they were recorded at, a multiple of it, or the most. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openCapture } from '../capture/open-capture.ts';
import type { Frame, FrameHandler, RunOptions, Source, SourceStats } from '../capture/source.ts';
import { AppError } from '../errors.ts';
import type { EncodedBatch } from './batch-producer.ts';
import { openRing } from './evidence/open-ring.ts';
import { type EvidenceSettings, ringFolder } from './evidence/ring-folders.ts';
import { Sensor, type SensorStats } from './sensor.ts';
import { Shipper } from './shipper.ts';
import { SourceBatches } from './source-batches.ts';
import { Spool } from './spool.ts';

export interface ReplayOptions {
  /** The server, without `/ingest_packets`. */
  readonly url: string;
  /** An API key of the role `sensor`. */
  readonly key: string;
  /** Default `replay`. */
  readonly sensorId?: string | undefined;
  /** Recorded seconds per second; default `max`. */
  readonly speed?: number | 'max' | undefined;
  /** `now`: all timestamps are shifted so that the last packet is of now or up to 180 s ago. Default: as recorded. */
  readonly restamp?: 'now' | undefined;
  readonly spoolDir: string;
  /** Keeps the packets' bytes, under the times that they are sent with; default: they are not kept. */
  readonly evidence?: EvidenceSettings | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch that reached the spool, and at the end. */
  readonly onProgress?: ((stats: SensorStats) => void) | undefined;
  readonly onTrouble?: ((message: string) => void) | undefined;
}

/** Shifts are whole multiples of the longest window, so that windows fall on the same packets. */
export const WINDOW_MICROS = 180_000_000;

/** A paced replay sends what a live sensor would: batches of at most one second. */
const PACED_SPAN_MICROS = 1_000_000;
const PACED_CHUNK_BYTES = 1 << 16;
/** Bytes in the spool above which the replay waits for the server. */
const SPOOL_BYTES = 64 << 20;

/**
 * Resolves when the server has everything, or `signal` aborts.
 * @throws AppError `input_invalid` or `capture_damaged` (what was readable has been sent),
 * `unauthenticated` where the server refuses the key.
 */
export async function replay(
  files: readonly string[],
  options: ReplayOptions,
): Promise<SensorStats> {
  const { url, key, sensorId = 'replay', speed = 'max', restamp, onTrouble, onProgress } = options;
  if (speed !== 'max' && !(speed > 0 && Number.isFinite(speed))) {
    throw new AppError('usage', `Cannot replay at speed ${speed}: give a number above 0, or max`);
  }
  const signal = options.signal ?? new AbortController().signal;
  const shiftMicros = restamp === 'now' ? await shiftToNow(files, Date.now() * 1000) : 0;
  const spool = await Spool.open({ dir: options.spoolDir, maxBytes: 2 * SPOOL_BYTES });
  const isPaced = speed !== 'max';
  const source = new CaptureSequence(files, isPaced ? PACED_CHUNK_BYTES : undefined);
  const span = isPaced ? { maxSpanMicros: PACED_SPAN_MICROS * Math.max(1, speed) } : {};
  const pace = isPaced ? pacer(speed) : async () => {};
  const evidence = await ringOf(options, sensorId);
  const sensor: Sensor = new Sensor({
    sensorId,
    producer: new SourceBatches(source, { shiftMicros, ...span, evidence, waitForEvidence: true }),
    spool,
    shipper: new Shipper({ spool, sensorId, url, key, failOnAccess: true, ...troubles(onTrouble) }),
    waitForRoomBytes: SPOOL_BYTES,
    pace: async (batch, stop) => {
      onProgress?.(sensor.stats);
      await pace(batch, stop);
    },
    ...troubles(onTrouble),
  });
  try {
    await sensor.run(signal);
  } finally {
    await evidence?.close();
  }
  onProgress?.(sensor.stats);
  return sensor.stats;
}

/**
 * Microseconds to add to every timestamp of the captures so that they end at `nowMicros` or up to
 * 180 s before it: a whole multiple of 180 s.
 */
export async function shiftToNow(files: readonly string[], nowMicros: number): Promise<number> {
  let last = Number.NEGATIVE_INFINITY;
  for (const file of files) {
    if (file === '-')
      throw new AppError('usage', 'Cannot restamp standard input: it is read only once');
    const source = await openCapture(file);
    const newest: FrameHandler = (frame) => {
      if (frame.tsMicros > last) last = frame.tsMicros;
    };
    // Damage is reported by the reading that sends.
    await source.run(newest).catch((error) => {
      if (!(error instanceof AppError)) throw error;
    });
  }
  if (last === Number.NEGATIVE_INFINITY) return 0;
  return Math.floor((nowMicros - last) / WINDOW_MICROS) * WINDOW_MICROS;
}

async function ringOf({ evidence, onTrouble }: ReplayOptions, sensorId: string) {
  if (!evidence) return null;
  const { dir, maxBytes, snapBytes } = evidence;
  return openRing({ dir: ringFolder(dir, sensorId, 0), maxBytes, snapBytes, onTrouble });
}

function troubles(onTrouble: ReplayOptions['onTrouble']): {
  onTrouble?: (message: string) => void;
} {
  return onTrouble ? { onTrouble } : {};
}

/** Holds each batch back until as much time has gone by as its packets took, divided by the speed. */
function pacer(speed: number): (batch: EncodedBatch, signal: AbortSignal) => Promise<void> {
  let originMicros: number | null = null;
  let startedMs = 0;
  return async (batch, signal) => {
    if (originMicros === null) {
      originMicros = batch.lastMicros;
      startedMs = performance.now();
    }
    const dueMs = startedMs + (batch.lastMicros - originMicros) / 1000 / speed;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  };
}

/** Several captures as one source, in the order given. */
class CaptureSequence implements Source {
  readonly name: string;
  readonly stats: SourceStats = { frames: 0, bytes: 0, kernelDrops: 0 };
  readonly #files: readonly string[];
  readonly #chunkBytes: number | undefined;

  constructor(files: readonly string[], chunkBytes: number | undefined) {
    this.name = files.length === 1 ? (files[0] ?? '') : `${files.length} captures`;
    this.#files = files;
    this.#chunkBytes = chunkBytes;
  }

  async run(onFrame: FrameHandler, options: RunOptions = {}): Promise<void> {
    const chunk = this.#chunkBytes === undefined ? {} : { chunkBytes: this.#chunkBytes };
    const count = (frame: Frame) => {
      this.stats.frames++;
      this.stats.bytes += frame.wireLength;
      onFrame(frame);
    };
    for (const file of this.#files) {
      if (options.signal?.aborted) return;
      await (await openCapture(file, chunk)).run(count, options);
    }
  }
}
