/**
 * The packets that were found: where each lies, in compact columns, bounded by the bytes that they will take
 * as a capture. Reads them back in time order; the segments stay open until `close`.
 */
import type { FileHandle } from 'node:fs/promises';
import {
  type CaptureInterface,
  interfaceBlock,
  sectionHeader,
} from '../../capture/write-pcapng.ts';

const CHUNK_BYTES = 256 * 1024;
const FIRST_CAPACITY = 1024;
/** Interfaces of a capture; past it packets count as of one without a name, if there is one of their link type. */
const MAX_INTERFACES = 1024;

export class PacketList {
  length = 0;
  /** The packets' blocks together. */
  bytes = 0;
  /** There is more than the limit allows. */
  isFull = false;
  /** It was full at some time. */
  isCut = false;
  #maxBytes = 0;
  readonly #files: (OpenSegment | null)[] = [];
  readonly #interfaces: CaptureInterface[] = [];
  readonly #interfaceIds = new Map<string, number>();
  #times = new Float64Array(FIRST_CAPACITY);
  #fileOf = new Uint32Array(FIRST_CAPACITY);
  #offsets = new Uint32Array(FIRST_CAPACITY);
  #lengths = new Uint32Array(FIRST_CAPACITY);
  #interfaceOf = new Uint32Array(FIRST_CAPACITY);
  #isInOrder = true;

  /** Packets are taken until their blocks have so many bytes together. */
  limitTo(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.isFull = false;
  }

  addFile(file: FileHandle): number {
    return this.#files.push({ file, left: 0, begin: 0, window: null }) - 1;
  }

  /** Nothing was found in it; the caller closes it. */
  forgetFile(number: number): void {
    this.#files[number] = null;
  }

  add(
    file: number,
    block: { readonly offset: number; readonly length: number },
    tsMicros: number,
    from: CaptureInterface,
  ): void {
    if (this.bytes + block.length > this.#maxBytes) {
      this.isFull = true;
      this.isCut = true;
      return;
    }
    const segment = this.#files[file];
    if (!segment) return;
    if (this.length === this.#times.length) this.#grow();
    const at = this.length++;
    if (at > 0 && tsMicros < (this.#times[at - 1] ?? 0)) this.#isInOrder = false;
    this.#times[at] = tsMicros;
    this.#fileOf[at] = file;
    this.#offsets[at] = block.offset;
    this.#lengths[at] = block.length;
    this.#interfaceOf[at] = this.#interfaceId(from);
    this.bytes += block.length;
    segment.left++;
  }

  /** The capture in pieces; the packets in time order, equal times as they were captured. */
  async *capture(comment: string): AsyncGenerator<Uint8Array> {
    yield sectionHeader(comment);
    for (const each of this.#interfaces) yield interfaceBlock(each);
    let chunk = new Uint8Array(CHUNK_BYTES);
    let used = 0;
    for (const at of this.#inTimeOrder()) {
      const segment = this.#files[this.#fileOf[at] ?? 0];
      if (!segment) continue;
      const length = this.#lengths[at] ?? 0;
      const block = await readBlock(segment, this.#offsets[at] ?? 0, length);
      if (block === null) continue;
      if (used + length > chunk.length) {
        yield chunk.subarray(0, used);
        chunk = new Uint8Array(Math.max(CHUNK_BYTES, length));
        used = 0;
      }
      chunk.set(block, used);
      new DataView(chunk.buffer).setUint32(used + 8, this.#interfaceOf[at] ?? 0, true);
      used += length;
      segment.left--;
      if (segment.left === 0) await this.#close(this.#fileOf[at] ?? 0);
    }
    if (used > 0) yield chunk.subarray(0, used);
  }

  async close(): Promise<void> {
    for (const number of this.#files.keys()) await this.#close(number);
  }

  async #close(number: number): Promise<void> {
    const segment = this.#files[number];
    this.#files[number] = null;
    await segment?.file.close();
  }

  #interfaceId(from: CaptureInterface): number {
    const { linkType, name } = from;
    let id = this.#interfaceIds.get(`${linkType} ${name}`);
    if (id === undefined && this.#interfaces.length >= MAX_INTERFACES)
      id = this.#interfaceIds.get(`${linkType} `);
    if (id !== undefined) return id;
    const isNamed = this.#interfaces.length < MAX_INTERFACES;
    id = this.#interfaces.push(isNamed ? from : { ...from, name: '' }) - 1;
    this.#interfaceIds.set(`${linkType} ${isNamed ? name : ''}`, id);
    return id;
  }

  #inTimeOrder(): Uint32Array {
    const order = Uint32Array.from({ length: this.length }, (_, at) => at);
    const times = this.#times;
    if (!this.#isInOrder) order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
    return order;
  }

  #grow(): void {
    const capacity = 2 * this.#times.length;
    const grown = (column: Uint32Array) => {
      const larger = new Uint32Array(capacity);
      larger.set(column);
      return larger;
    };
    const times = new Float64Array(capacity);
    times.set(this.#times);
    this.#times = times;
    this.#fileOf = grown(this.#fileOf);
    this.#offsets = grown(this.#offsets);
    this.#lengths = grown(this.#lengths);
    this.#interfaceOf = grown(this.#interfaceOf);
  }
}

interface OpenSegment {
  readonly file: FileHandle;
  /** Packets of it that are still to be read. */
  left: number;
  /** The file's bytes from `begin` on. */
  begin: number;
  window: Uint8Array | null;
}

/** Null where the file does not have it any more. */
async function readBlock(
  segment: OpenSegment,
  offset: number,
  length: number,
): Promise<Uint8Array | null> {
  const { window, begin } = segment;
  if (window && offset >= begin && offset + length <= begin + window.length)
    return window.subarray(offset - begin, offset - begin + length);
  const bytes = new Uint8Array(Math.max(CHUNK_BYTES, length));
  const { bytesRead } = await segment.file.read(bytes, 0, bytes.length, offset);
  if (bytesRead < length) return null;
  segment.begin = offset;
  segment.window = bytes.subarray(0, bytesRead);
  return segment.window.subarray(0, length);
}
