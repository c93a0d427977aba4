/**
 * Two decoders over the same frames, each frame between other bytes: what lies beyond the captured bytes differs,
 * so a column that differs was read from beyond them. Now and then the second gets the frame as memory of its
 * own, exactly as long, where a `DataView` throws. Both keep state, so both see the same sequence.
 */
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import type { Random } from '../../src/core/models/random.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';
import { differenceOf } from './batch-difference.ts';
import { MAX_MUTANT_BYTES, type Mutant } from './frame-mutator.ts';
import { RecentFrames } from './recent-frames.ts';

const BATCH_ROWS = 512;
const MARGIN_BYTES = 4_096;
/** One frame in so many comes in memory of its own. */
const EXACT_STEP = 16;
/** Values that begin something: nothing, all ones, a TLS record, text, version nibbles, line ends. */
const CANARIES = [0xff, 0x16, 0x47, 0x45, 0x60, 0x0a, 0x01, 0x30];
/** A frame that takes this long in both decoders, one after the other, is slow and not unlucky. */
const SLOW_MS = 50;

export class Finding extends Error {
  override readonly name = 'Finding';
}

/** A decoder, its batch, and the memory in which the frames for it stand. */
class Side {
  readonly decoder = new PacketDecoder();
  readonly batch = new PacketBatch(BATCH_ROWS);
  readonly #bytes = new Uint8Array(MAX_MUTANT_BYTES + 2 * MARGIN_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  #canary = 0;

  setCanary(canary: number): void {
    this.#canary = canary;
    this.#bytes.fill(canary);
  }

  /** Milliseconds that it took. */
  decode(mutant: Mutant, start: number): number {
    this.#bytes.fill(this.#canary, this.#start, this.#end);
    this.#start = start;
    this.#end = start + mutant.length;
    this.#bytes.set(mutant.bytes.subarray(0, mutant.length), start);
    return this.#decode(mutant, this.#view, this.#bytes, start);
  }

  decodeExact(mutant: Mutant): number {
    const bytes = mutant.bytes.slice(0, mutant.length);
    return this.#decode(mutant, new DataView(bytes.buffer), bytes, 0);
  }

  #decode(mutant: Mutant, view: DataView, bytes: Uint8Array, start: number): number {
    const { wireLength, tsMicros, linkType } = mutant;
    const end = start + mutant.length;
    const frame = { view, bytes, start, end, wireLength, tsMicros, linkType, interface: 'eth0' };
    const started = performance.now();
    this.decoder.decode(frame, this.batch);
    return performance.now() - started;
  }
}

export class LockStep {
  frames = 0;
  slowestMs = 0;
  readonly #one = new Side();
  readonly #other = new Side();
  readonly #random: Random;
  readonly #recent = new RecentFrames();
  #canaries = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#one.setCanary(0);
    this.#turnCanary();
  }

  /** @throws Finding where anything is thrown, where the decoders differ, or where a frame takes too long. */
  decode(mutant: Mutant): void {
    const one = this.#one;
    const other = this.#other;
    this.frames++;
    if (!this.#recent.hasRoomFor(mutant)) this.compare();
    this.#recent.add(mutant);
    try {
      const tookMs = one.decode(mutant, this.#anyStart());
      const isExact = this.frames % EXACT_STEP === 0;
      const againMs = isExact ? other.decodeExact(mutant) : other.decode(mutant, this.#anyStart());
      const leastMs = Math.min(tookMs, againMs);
      if (leastMs > this.slowestMs) this.slowestMs = leastMs;
      if (leastMs > SLOW_MS) throw new Finding(`slow: ${leastMs} ms`);
    } catch (error) {
      throw this.#explain(error);
    }
    if (one.batch.isFull) this.compare();
  }

  /** Compares what has been decoded since the last time. */
  compare(): void {
    const { batch } = this.#one;
    const difference = differenceOf(batch, this.#other.batch);
    if (difference)
      throw new Finding(
        `${difference.what}, by bytes beyond the frame:\n${this.#recent.tell(difference.row)}`,
      );
    batch.clear();
    this.#other.batch.clear();
    this.#recent.clear();
    this.#turnCanary();
  }

  /** Another place each time: whoever keeps a reference to a frame instead of a copy finds other bytes there. */
  #anyStart(): number {
    return MARGIN_BYTES / 2 + (this.#random.uint32() % (MARGIN_BYTES / 2));
  }

  #turnCanary(): void {
    this.#other.setCanary(CANARIES[this.#canaries++ % CANARIES.length] ?? 0xff);
  }

  #explain(error: unknown): Finding {
    return new Finding(`${error}:\n${this.#recent.tell(this.#one.batch.length)}`, { cause: error });
  }
}
