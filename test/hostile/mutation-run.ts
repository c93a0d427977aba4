/**
 * Capture after capture, its frames in their order, some as they are and some broken, through two decoders in lock
 * step; round after round until enough were broken. Streams and fragments go on, so what a decoder remembers of
 * them is under attack as well.
 */
import { Random } from '../../src/core/models/random.ts';
import { liveBytes } from './collect-garbage.ts';
import { MAX_MUTANT_BYTES, mutate, newMutant } from './frame-mutator.ts';
import { LockStep } from './lock-step.ts';
import { readSeeds, type SeedFrame, seedCaptures } from './seed-captures.ts';
import type { Watchdog } from './watchdog.ts';

/** Of one capture: no long one takes the place of many. */
const MAX_FRAMES = 2_000;
/** Of 100 frames of a capture, so many are broken, in turn by round and capture. */
const MUTATED_PERCENT = [5, 25, 60, 100];

export interface MutationReport {
  readonly mutated: number;
  /** With those that were passed as they are. */
  readonly frames: number;
  readonly captures: number;
  readonly slowestMs: number;
  /** Live memory at the end less that after the first tenth. */
  readonly grownBytes: number;
  /** The same after the first half: by then a long run has filled what decoders allocate as they need it. */
  readonly grownLateBytes: number;
}

/** @throws Finding, which names the seed and the capture */
export async function runMutations(
  wanted: number,
  seed: number,
  watchdog: Watchdog,
): Promise<MutationReport> {
  const random = new Random(seed);
  const steps = new LockStep(random);
  const seeds: [path: string, frames: readonly SeedFrame[]][] = [];
  for (const path of seedCaptures()) {
    seeds.push([path, await readSeeds(path, MAX_FRAMES)]);
    watchdog.beat();
  }
  let mutated = 0;
  let captures = 0;
  let liveEarly: number | null = null;
  let liveHalfway: number | null = null;
  for (let round = 0; mutated < wanted; round++)
    for (const [path, frames] of seeds) {
      if (mutated >= wanted) break;
      watchdog.enter(`seed ${seed}, round ${round}, ${path}`);
      const percent = MUTATED_PERCENT[(round + captures++) % MUTATED_PERCENT.length] ?? 100;
      try {
        mutated += play(frames, percent, steps, random);
      } catch (error) {
        throw new Error(`Seed ${seed}, round ${round}, ${path}: ${(error as Error).message}`, {
          cause: error,
        });
      }
      if (mutated >= wanted / 10) liveEarly ??= liveBytes();
      if (mutated >= wanted / 2) liveHalfway ??= liveBytes();
    }
  steps.compare();
  const live = liveBytes();
  return {
    ...{ mutated, captures, frames: steps.frames, slowestMs: steps.slowestMs },
    grownBytes: live - (liveEarly ?? 0),
    grownLateBytes: live - (liveHalfway ?? 0),
  };
}

/** How many were broken. */
function play(
  seeds: readonly SeedFrame[],
  percent: number,
  steps: LockStep,
  random: Random,
): number {
  const mutant = newMutant();
  let mutated = 0;
  for (let at = 0; at < seeds.length; at++) {
    // Now and then frames come twice, not at all, or in another order.
    const disorder = random.uint32() % 64;
    if (disorder === 0) continue;
    const seed = seeds[disorder < 3 ? random.uint32() % seeds.length : at];
    if (!seed) continue;
    const { bytes, wireLength, tsMicros, linkType } = seed;
    const length = Math.min(bytes.length, MAX_MUTANT_BYTES);
    mutant.bytes.set(bytes.subarray(0, length));
    Object.assign(mutant, { length, wireLength, tsMicros, linkType });
    if (random.uint32() % 100 < percent) {
      mutate(mutant, seeds[random.uint32() % seeds.length]?.bytes ?? bytes, random);
      mutated++;
    }
    steps.decode(mutant);
  }
  return mutated;
}
