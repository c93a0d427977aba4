/**
 * A capture file as a source: pcap or pcapng, plain, gzip or zstd, told apart by their first bytes.
 * Frames are views into one buffer; memory does not grow with the file or with what it claims.
 */
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import { type ByteFeed, FeedDamage, openFeed } from './byte-feed.ts';
import { ByteWindow, CaptureDamage } from './byte-window.ts';
import { PCAP_HEADER_BYTES, pcapByteOrder, pcapReader } from './pcap-reader.ts';
import { PcapngReader, SECTION_HEADER } from './pcapng-reader.ts';
import type { RecordReader } from './record-reader.ts';
import type { Frame, FrameHandler, RunOptions, Source, SourceStats } from './source.ts';

export interface CaptureOptions {
  /** The most that is read before `onChunk` is awaited; default 2 MiB. */
  readonly chunkBytes?: number;
  /** While nothing comes, `onChunk` is awaited this often; default: never. For feeds that may fall silent. */
  readonly idleMs?: number;
}

/**
 * Opens a capture for one run. `-` is standard input.
 * @throws AppError `input_invalid`: no such file, or not a capture.
 */
export async function openCapture(path: string, options: CaptureOptions = {}): Promise<Source> {
  return await openFeedCapture(
    await openFeed(path),
    path === '-' ? 'stdin' : basename(path),
    options,
  );
}

/** Opens what a feed brings, under a name. @throws AppError as `openCapture` */
export async function openFeedCapture(
  feed: ByteFeed,
  name: string,
  { chunkBytes, idleMs }: CaptureOptions = {},
): Promise<Source> {
  const window = new ByteWindow(feed, chunkBytes);
  try {
    return new CaptureFile(name, window, await beginReading(window, name), idleMs);
  } catch (error) {
    await window.close();
    if (error instanceof FeedDamage) {
      throw new AppError('input_invalid', `${name} is not a capture: ${error.message}`);
    }
    throw error;
  }
}

async function beginReading(window: ByteWindow, name: string): Promise<RecordReader> {
  while (window.unread < PCAP_HEADER_BYTES && (await window.fill())) {}
  if (window.unread === 0) throw new AppError('input_invalid', `${name} is empty, not a capture`);
  const magic = window.unread < 4 ? 0 : window.view.getUint32(window.position);
  const order = pcapByteOrder(magic);
  if (magic !== SECTION_HEADER && order === null) {
    throw new AppError('input_invalid', `${name} is neither a pcap nor a pcapng capture`);
  }
  if (window.unread < PCAP_HEADER_BYTES) {
    throw new AppError(
      'capture_damaged',
      `${name} is damaged at byte 0: its header is cut short after ${window.unread} bytes`,
    );
  }
  return order === null ? new PcapngReader(name) : pcapReader(window, order === 'little');
}

class CaptureFile implements Source {
  readonly name: string;
  readonly stats: SourceStats = { frames: 0, bytes: 0, kernelDrops: 0 };
  readonly #window: ByteWindow;
  readonly #reader: RecordReader;
  readonly #idleMs: number | undefined;

  constructor(name: string, window: ByteWindow, reader: RecordReader, idleMs: number | undefined) {
    this.name = name;
    this.#window = window;
    this.#reader = reader;
    this.#idleMs = idleMs;
  }

  async run(onFrame: FrameHandler, options: RunOptions = {}): Promise<void> {
    const window = this.#window;
    const frame: Frame = {
      view: window.view,
      bytes: window.bytes,
      start: 0,
      end: 0,
      wireLength: 0,
      tsMicros: 0,
      isTimeClipped: false,
      linkType: 0,
      interface: this.name,
      checksumPending: false,
    };
    const deliver = () => {
      this.stats.frames++;
      this.stats.bytes += frame.wireLength;
      onFrame(frame);
    };
    try {
      do {
        if (options.signal?.aborted) return;
        this.#reader.readRecords(window, frame, deliver, options.onLoss);
        await options.onChunk?.();
      } while (await this.#fill(options));
      this.#checkEnd();
    } catch (error) {
      throw this.#explain(error);
    } finally {
      await window.close();
    }
  }

  /** False at the end, or where the run is to stop. */
  async #fill({ signal, onChunk }: RunOptions): Promise<boolean> {
    const filling = this.#window.fill();
    if (this.#idleMs === undefined) return await filling;
    for (;;) {
      const filled = await Promise.race([filling, silence(this.#idleMs, signal)]);
      if (filled !== null) return filled;
      if (signal?.aborted) {
        // Closing the feed ends it, well or not.
        filling.catch(() => undefined);
        return true;
      }
      await onChunk?.();
    }
  }

  #checkEnd(): void {
    const { unread, missing, position } = this.#window;
    if (missing > 0) {
      const at = this.#window.offsetOf(position);
      throw new CaptureDamage(at, `the last block is cut short by ${missing} bytes`);
    }
    if (unread > 0) {
      const whole = this.#reader.nameNextRecord(this.#window);
      const at = this.#window.offsetOf(position);
      throw new CaptureDamage(at, `${whole} is cut short after ${unread}`);
    }
  }

  #explain(error: unknown): unknown {
    let at: number;
    if (error instanceof CaptureDamage) at = error.at;
    else if (error instanceof FeedDamage) at = this.#window.offsetOf(this.#window.end);
    else return error;
    const read = `${this.stats.frames} packets were read before it`;
    return new AppError(
      'capture_damaged',
      `${this.name} is damaged at byte ${at}: ${error.message}; ${read}`,
    );
  }
}

/** Null after `ms`, or when the signal aborts. */
async function silence(ms: number, signal: AbortSignal | undefined): Promise<null> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
  return null;
}
