/** Short sequences of frames against the decoder, two of it in lock step. */
import { Random } from '../../src/core/models/random.ts';
import { MAX_MUTANT_BYTES, mutate, newMutant } from './frame-mutator.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { LockStep } from './lock-step.ts';
import { readSeeds, type SeedFrame, seedCaptures } from './seed-captures.ts';

/** Enough for a handshake, a message in several segments, all fragments of a packet. */
const MAX_SEQUENCE = 8;
const FRAMES_PER_CAPTURE = 64;

type Sequence = readonly SeedFrame[];

const mutant = newMutant();

export const frameTarget: FuzzTarget<Sequence> = {
  async *seeds() {
    for (const path of seedCaptures()) {
      const frames = await readSeeds(path, FRAMES_PER_CAPTURE);
      for (let at = 0; at < frames.length; at += MAX_SEQUENCE)
        yield frames.slice(at, at + MAX_SEQUENCE);
    }
  },

  breed(one, other, random) {
    const child = [...one];
    const kind = random.uint32() % 8;
    const at = random.uint32() % child.length;
    const donor = other[random.uint32() % other.length];
    if (kind === 0 && donor && child.length < MAX_SEQUENCE) child.splice(at, 0, donor);
    else if (kind === 1 && child.length > 1) child.splice(at, 1);
    else if (kind === 2) child.push(...child.splice(at, 1));
    const changes = 1 + (random.uint32() % 2);
    for (let i = 0; i < changes; i++) {
      const index = random.uint32() % child.length;
      const frame = child[index];
      if (frame && donor) child[index] = mutated(frame, donor, random);
    }
    return child;
  },

  async run(inputs) {
    const steps = new LockStep(new Random(1));
    for (const sequence of inputs)
      for (const frame of sequence) {
        load(frame);
        steps.decode(mutant);
      }
    steps.compare();
  },

  tell(sequence) {
    return sequence
      .map(({ bytes, ...rest }) =>
        JSON.stringify({ ...rest, bytes: Buffer.from(bytes).toString('hex') }),
      )
      .join('\n');
  },
};

function load({ bytes, wireLength, tsMicros, linkType }: SeedFrame): void {
  const length = Math.min(bytes.length, MAX_MUTANT_BYTES);
  mutant.bytes.set(bytes.subarray(0, length));
  Object.assign(mutant, { length, wireLength, tsMicros, linkType });
}

function mutated(frame: SeedFrame, donor: SeedFrame, random: Random): SeedFrame {
  load(frame);
  mutate(mutant, donor.bytes, random);
  const { bytes, length, wireLength, tsMicros, linkType } = mutant;
  return { bytes: bytes.slice(0, length), wireLength, tsMicros, linkType };
}
