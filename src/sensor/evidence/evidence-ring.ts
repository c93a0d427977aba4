/**
 * The last packets' bytes on disk, within a budget: what an alert was made of can be looked at later.
 *
 * `append` copies a frame into memory and returns; two buffers take turns, one being filled while the other
 * is written. Where the disk cannot keep up, or is full, packets are missing here and counted; the analysis
 * never waits. Segments are pcapng files of at most 64 MiB, the oldest go first (`segment-files.ts`).
 *
 * Hot path: nothing is allocated per packet. Memory: two buffers of 4 MiB and two flow indexes, of which only
 * the used part is touched.
 */

import type { CaptureLoss } from '../../capture/source.ts';
import {
  interfaceBlock,
  lossBlock,
  MAX_INTERFACE_BLOCK_BYTES,
  PACKET_BLOCK_BYTES,
  packetBlockBytes,
  sectionHeader,
  writePacketBlock,
} from '../../capture/write-pcapng.ts';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { FlowIndex } from '../../core/flows/flow-index.ts';
import type { WireFrame } from '../../core/wire/frame.ts';
import { AppError, fileTrouble } from '../../errors.ts';
import type { EvidenceStats } from './evidence-stats.ts';
import { encodeIndex } from './index-file.ts';
import { RUN_BEGINS } from './ring-runs.ts';
import { SegmentStore } from './segment-store.ts';

export const DEFAULT_EVIDENCE_BYTES = 2 ** 30;
/** Below this a segment could not hold the largest packet with its neighbours. */
export const MIN_EVIDENCE_BYTES = 4 * 2 ** 20;
export const MAX_SNAP_BYTES = 65_535;

const MAX_SEGMENT_BYTES = 64 * 2 ** 20;
const SEGMENTS = 16;
const BUFFER_BYTES = 4 * 2 ** 20;
const FLUSH_MS = 1000;
/** A capture file may name interfaces without end; past this a segment tells them apart by link type only. */
const MAX_NAMED_INTERFACES = 256;
const SECTION = sectionHeader();
/** Of the first segment that a sensor writes: decoder and analysis may begin anew with it, `ring-runs.ts`. */
const FIRST_SECTION = sectionHeader(RUN_BEGINS);

export interface EvidenceOptions {
  /** Folder of one writer, see `ring-folders.ts`. */
  readonly dir: string;
  /** Of all files; default 1 GiB, at least 4 MiB. */
  readonly maxBytes?: number | undefined;
  /** Kept of each packet; default and at most 65,535. */
  readonly snapBytes?: number | undefined;
  /** Called when packets begin to be lost to the disk, once until it works again. */
  readonly onTrouble?: ((message: string) => void) | undefined;
}

interface OpenSegment {
  readonly number: number;
  readonly index: FlowIndex;
  /** Numbers of the interface blocks by link type and name. */
  readonly interfaces: Map<number, Map<string, number>>;
  interfaceCount: number;
  /** Written and gathered. */
  bytes: number;
  isLost: boolean;
}

interface Chunk {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  used: number;
  packets: number;
}

export class EvidenceRing {
  readonly #store: SegmentStore;
  readonly #segmentBytes: number;
  readonly #snapBytes: number;
  readonly #onTrouble: (message: string) => void;
  /** The one that is being filled; the other is free or being written. */
  #filling = newChunk();
  #free: Chunk | null = newChunk();
  #segment: OpenSegment | null = null;
  #next: number;
  #indexes: [FlowIndex, FlowIndex];
  #writing: Promise<void> = Promise.resolve();
  #flushedAtMs = performance.now();
  #isTroubled = false;
  #isFirst = true;
  #packets = 0;
  #bytes = 0;
  #dropped = 0;
  #newestMicros = Number.NEGATIVE_INFINITY;
  /** Of the latest frame: the same for packet after packet. */
  #linkType = -1;
  #interface = '';
  #interfaceId = 0;

  private constructor(store: SegmentStore, maxBytes: number, options: EvidenceOptions) {
    this.#store = store;
    this.#next = store.nextNumber;
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.floor(maxBytes / SEGMENTS));
    this.#snapBytes = Math.min(options.snapBytes ?? MAX_SNAP_BYTES, MAX_SNAP_BYTES);
    this.#onTrouble = options.onTrouble ?? (() => {});
    const maxBlocks = Math.ceil(this.#segmentBytes / PACKET_BLOCK_BYTES);
    this.#indexes = [new FlowIndex(maxBlocks), new FlowIndex(maxBlocks)];
  }

  /** Goes on with what the folder holds. @throws AppError `config_invalid` where it cannot be used */
  static async open(options: EvidenceOptions): Promise<EvidenceRing> {
    const { dir, maxBytes = DEFAULT_EVIDENCE_BYTES } = options;
    const budget = Math.max(MIN_EVIDENCE_BYTES, maxBytes);
    try {
      return new EvidenceRing(await SegmentStore.open(dir, budget), budget, options);
    } catch (error) {
      if (error instanceof AppError) throw error;
      const message = `Cannot keep packets in ${dir}: ${fileTrouble(error)}`;
      throw new AppError('config_invalid', message, { cause: error });
    }
  }

  get stats(): EvidenceStats {
    return {
      packets: this.#packets,
      bytes: this.#bytes,
      dropped: this.#dropped,
      segments: this.#store.segments,
      keptBytes: this.#store.totalBytes,
      evictedSegments: this.#store.evicted,
      oldestMicros: finiteOrNull(this.#store.oldestMicros),
      newestMicros: finiteOrNull(Math.max(this.#newestMicros, this.#store.newestMicros)),
    };
  }

  /** Keeps the frame that `row` was decoded from, under the row's time. */
  append(frame: WireFrame, batch: PacketBatch, row: number): void {
    const captured = Math.min(frame.end - frame.start, this.#snapBytes);
    const segment = this.#segmentFor(packetBlockBytes(captured));
    if (segment === null) {
      this.#dropped++;
      return;
    }
    const tsMicros = batch.tsMicros[row] ?? 0;
    const id = this.#interfaceOf(frame, segment);
    const chunk = this.#filling;
    segment.index.addPacket(batch, row, segment.bytes);
    const end = writePacketBlock(chunk, chunk.used, frame, tsMicros, id, captured);
    segment.bytes += end - chunk.used;
    chunk.used = end;
    chunk.packets++;
    if (tsMicros > this.#newestMicros) this.#newestMicros = tsMicros;
  }

  /**
   * Keeps that packets are missing among those before: what is derived from them must know. It is told of an interface,
   * so it stays in the segment of its packets, which may become longer by it; where the disk is behind it is missing too.
   */
  noteLoss(loss: CaptureLoss): void {
    const segment = this.#segment;
    if (segment === null || segment.isLost || segment.interfaceCount === 0) return;
    const block = lossBlock(loss);
    if (this.#filling.used + block.length > BUFFER_BYTES) {
      if (this.#free === null) return;
      this.#handOver(false);
    }
    this.#put(block, segment);
  }

  /** Hands over what has waited for a second. To be called now and then. */
  flushIfDue(): void {
    if (performance.now() - this.#flushedAtMs >= FLUSH_MS) this.flush();
  }

  /** Hands over what was gathered, if the disk has time. */
  flush(): void {
    if (this.#segment?.isLost) this.#forgetGathered();
    if (this.#filling.used > 0) this.#handOver(false);
  }

  /** Resolves when the disk has taken what was handed over: for sources that can wait, which then lose nothing. */
  async settle(): Promise<void> {
    await this.#writing;
    this.flush();
    await this.#writing;
  }

  /** Writes what there is, completes the segment and leaves the folder to others. */
  async close(): Promise<void> {
    await this.#writing;
    if (this.#segment?.isLost) this.#forgetGathered();
    if (this.#segment !== null) this.#handOver(true);
    await this.#writing;
    await this.#store.close();
  }

  /** The segment that takes a block of this size now, with the room for it in memory; null: the disk is behind. */
  #segmentFor(blockBytes: number): OpenSegment | null {
    const wanted = blockBytes + MAX_INTERFACE_BLOCK_BYTES;
    let segment = this.#segment;
    if (segment?.isLost) {
      this.#forgetGathered();
      segment = null;
    }
    if (segment !== null && segment.bytes + wanted > this.#segmentBytes) {
      if (this.#free === null) return null;
      this.#handOver(true);
      segment = null;
    }
    segment ??= this.#begin();
    if (this.#filling.used + wanted > BUFFER_BYTES) {
      if (this.#free === null) return null;
      this.#handOver(false);
    }
    return segment;
  }

  #begin(): OpenSegment {
    // The other one may still be written with the segment before.
    const [now, other] = this.#indexes;
    this.#indexes = [other, now];
    now.clear();
    const segment: OpenSegment = {
      number: this.#next++,
      index: now,
      interfaces: new Map(),
      interfaceCount: 0,
      bytes: 0,
      isLost: false,
    };
    this.#segment = segment;
    this.#linkType = -1;
    this.#put(this.#isFirst ? FIRST_SECTION : SECTION, segment);
    this.#isFirst = false;
    return segment;
  }

  #put(block: Uint8Array, segment: OpenSegment): void {
    const chunk = this.#filling;
    chunk.bytes.set(block, chunk.used);
    chunk.used += block.length;
    segment.index.addBlock(segment.bytes);
    segment.bytes += block.length;
  }

  #interfaceOf({ linkType, interface: name }: WireFrame, segment: OpenSegment): number {
    if (linkType === this.#linkType && name === this.#interface) return this.#interfaceId;
    let named = segment.interfaces.get(linkType);
    if (named === undefined) {
      named = new Map();
      segment.interfaces.set(linkType, named);
    }
    let id = named.get(name);
    if (id === undefined) {
      const shown = segment.interfaceCount < MAX_NAMED_INTERFACES ? name : '';
      id = named.get(shown) ?? segment.interfaceCount++;
      if (!named.has(shown)) {
        named.set(shown, id);
        this.#put(interfaceBlock({ linkType, name: shown, snapBytes: this.#snapBytes }), segment);
      }
    }
    this.#linkType = linkType;
    this.#interface = name;
    this.#interfaceId = id;
    return id;
  }

  /** The free buffer becomes the one to fill; there must be one. */
  #handOver(isLast: boolean): void {
    const chunk = this.#filling;
    const segment = this.#segment;
    if (segment === null || this.#free === null) return;
    this.#filling = this.#free;
    this.#free = null;
    this.#flushedAtMs = performance.now();
    if (isLast) this.#segment = null;
    this.#writing = this.#write(chunk, segment, isLast).finally(() => {
      chunk.used = 0;
      chunk.packets = 0;
      this.#free = chunk;
    });
  }

  async #write(chunk: Chunk, segment: OpenSegment, isLast: boolean): Promise<void> {
    const { number, index } = segment;
    try {
      await this.#store.append(number, chunk.bytes.subarray(0, chunk.used), index);
      this.#packets += chunk.packets;
      this.#bytes += chunk.used;
    } catch (error) {
      // What comes later in the segment may need what is missing: it ends here, without an index.
      segment.isLost = true;
      this.#dropped += chunk.packets;
      await this.#store.finish(null).catch(() => undefined);
      this.#complain(error);
      return;
    }
    if (!isLast) return;
    try {
      await this.#store.finish(encodeIndex(index, segment.bytes));
      this.#isTroubled = false;
    } catch (error) {
      this.#complain(error);
    }
  }

  /** Once, until a whole segment could be written again. */
  #complain(error: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#onTrouble(`Cannot keep packets in ${this.#store.dir}: ${fileTrouble(error)}`);
  }

  /** Of a segment that could not be written. */
  #forgetGathered(): void {
    this.#dropped += this.#filling.packets;
    this.#filling.used = 0;
    this.#filling.packets = 0;
    this.#segment = null;
  }
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function newChunk(): Chunk {
  const bytes = new Uint8Array(BUFFER_BYTES);
  return { bytes, view: new DataView(bytes.buffer), used: 0, packets: 0 };
}
