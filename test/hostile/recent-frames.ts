/** Copies of the last frames, so that a finding can be told with what came before it. */
import { MAX_MUTANT_BYTES, type Mutant } from './frame-mutator.ts';

const ARENA_BYTES = 8 * MAX_MUTANT_BYTES;
/** A frame and what came before it: decoders keep state. */
const TOLD_FRAMES = 4;

type Copy = Omit<Mutant, 'bytes'> & { readonly at: number };

export class RecentFrames {
  readonly #arena = new Uint8Array(ARENA_BYTES);
  readonly #copies: Copy[] = [];
  #used = 0;

  hasRoomFor({ length }: Mutant): boolean {
    return this.#used + length <= ARENA_BYTES;
  }

  add({ bytes, length, wireLength, tsMicros, linkType }: Mutant): void {
    this.#arena.set(bytes.subarray(0, length), this.#used);
    this.#copies.push({ at: this.#used, length, wireLength, tsMicros, linkType });
    this.#used += length;
  }

  clear(): void {
    this.#copies.length = 0;
    this.#used = 0;
  }

  /** Frame `index` and those before it as text. */
  tell(index: number): string {
    return this.#copies
      .slice(Math.max(0, index + 1 - TOLD_FRAMES), index + 1)
      .map(({ at, length, wireLength, tsMicros, linkType }) => {
        const hex = Buffer.from(this.#arena.buffer, at, length).toString('hex');
        return `link ${linkType}, wire ${wireLength}, time ${tsMicros}: ${hex}`;
      })
      .join('\n');
  }
}
