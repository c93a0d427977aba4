/**
 * Passes a compressed stream on and sees that it is one Zstandard frame, whole, and nothing else (RFC 8878, 3.1.1);
 * Node's decompressor tells neither that the end is missing nor that something follows it. Its compressor may end
 * with a second frame that holds nothing: that belongs to it.
 */
import { damaged } from './frames.ts';

const MAGIC = 0xfd2fb528;
const MAGIC_BYTES = 4;
const BLOCK_HEAD_BYTES = 3;
const CHECKSUM_BYTES = 4;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const SIZE_BYTES = [0, 2, 4, 8] as const;
const RAW_OR_COMPRESSED = [0, 2];
const RUN = 1;
/** The last one, of no bytes. */
const EMPTY_BLOCK = 1;
const STRANGE = 'it is not one, or damaged';
const FOLLOWED = 'something follows its end';

type Part = 'magic' | 'descriptor' | 'rest of header' | 'block head' | 'block' | 'checksum' | 'end';

/** @throws AppError `input_invalid` before it passes on what does not belong to it */
export async function* wholeZstdFrame(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const frame = new FrameWalk();
  for await (const chunk of chunks) {
    frame.take(chunk);
    yield chunk;
  }
  frame.end();
}

class FrameWalk {
  #part: Part = 'magic';
  /** Bytes of the part that are still to come. */
  #missing = MAGIC_BYTES;
  /** The bytes of the part so far, as a number, the first one lowest: at most four where it is looked at. */
  #value = 0;
  #seen = 0;
  #hasChecksum = false;
  #isLastBlock = false;
  /** In the second frame, the empty one. */
  #isBehind = false;

  take(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#part === 'end') this.#beginSecond();
      if (this.#part === 'block' || this.#part === 'rest of header' || this.#part === 'checksum') {
        const passed = Math.min(this.#missing, chunk.length - at);
        this.#missing -= passed;
        at += passed;
      } else {
        this.#value += (chunk[at] ?? 0) * 2 ** (8 * this.#seen++);
        this.#missing--;
        at++;
      }
      while (this.#missing === 0 && this.#part !== 'end') this.#next();
    }
  }

  end(): void {
    if (this.#part === 'end') return;
    if (this.#isBehind && this.#part === 'magic') throw damaged(FOLLOWED);
    const isEmpty = this.#part === 'magic' && this.#seen === 0;
    throw damaged(isEmpty ? 'it is empty' : 'its end is missing');
  }

  #beginSecond(): void {
    if (this.#isBehind) throw damaged(FOLLOWED);
    this.#isBehind = true;
    this.#expect('magic', MAGIC_BYTES);
  }

  /** The part is complete: what comes after it? */
  #next(): void {
    const value = this.#value;
    this.#value = 0;
    this.#seen = 0;
    if (this.#part === 'magic') {
      if (value !== MAGIC) throw damaged(this.#isBehind ? FOLLOWED : STRANGE);
      this.#expect('descriptor', 1);
    } else if (this.#part === 'descriptor') this.#readDescriptor(value);
    else if (this.#part === 'block head') this.#readBlockHead(value);
    else if (this.#part === 'checksum' || this.#isLastBlock) this.#afterBlocks();
    else this.#expect('block head', BLOCK_HEAD_BYTES);
  }

  #readDescriptor(value: number): void {
    const isSingleSegment = (value & 0x20) !== 0;
    this.#hasChecksum = (value & 0x04) !== 0;
    this.#isLastBlock = false;
    const size = SIZE_BYTES[(value >> 6) as 0 | 1 | 2 | 3];
    const dictionary = DICTIONARY_BYTES[(value & 0x03) as 0 | 1 | 2 | 3];
    // A window's size stands there, or, of a single segment, the content's in a byte at least.
    const rest = dictionary + (isSingleSegment ? Math.max(1, size) : 1 + size);
    this.#expect('rest of header', rest);
  }

  #readBlockHead(value: number): void {
    if (this.#isBehind && value !== EMPTY_BLOCK) throw damaged(FOLLOWED);
    this.#isLastBlock = (value & 1) !== 0;
    const type = (value >> 1) & 0x03;
    if (type === RUN) this.#expect('block', 1);
    else if (RAW_OR_COMPRESSED.includes(type)) this.#expect('block', value >> 3);
    else throw damaged(STRANGE);
  }

  #afterBlocks(): void {
    if (this.#part === 'block' && this.#hasChecksum) this.#expect('checksum', CHECKSUM_BYTES);
    else this.#expect('end', 0);
  }

  #expect(part: Part, bytes: number): void {
    this.#part = part;
    this.#missing = bytes;
  }
}
