/**
 * Broken frames by the hundred thousand: nothing is thrown, no byte beyond the captured ones decides anything, no
 * frame takes long, and memory does not grow.
 *
 * `PHANTOMNET_MUTATIONS=5000000 npx vitest run test/hostile/mutated-frames.test.ts` is the long run;
 * `PHANTOMNET_SEED` gives another sequence.
 */
import { afterAll, expect, it } from 'vitest';
import { runMutations } from './mutation-run.ts';
import { Watchdog } from './watchdog.ts';

const MUTATIONS = Number(process.env.PHANTOMNET_MUTATIONS ?? 200_000);
const SEED = Number(process.env.PHANTOMNET_SEED ?? 1);
/** Two decoders, each with all the places that it allocates as it needs them: messages 16 MiB, fragments 4, QUIC 2; and some slack. */
const MAX_GROWTH_BYTES = (2 * 22 + 20) * 2 ** 20;
/** From here on the second half of a run fills no new places. */
const LONG_RUN = 4_000_000;
const MAX_LATE_GROWTH_BYTES = 4 * 2 ** 20;
const TIMEOUT_MS = 3_600_000;

const watchdog = new Watchdog();
afterAll(() => watchdog.stop());

it(
  `${MUTATIONS} mutated frames: no throw, no read beyond the frame, no wait, no growth`,
  async () => {
    const report = await runMutations(MUTATIONS, SEED, watchdog);
    process.stderr.write(`${JSON.stringify(report)}\n`);
    expect(report.mutated).toBeGreaterThanOrEqual(MUTATIONS);
    expect(report.grownBytes).toBeLessThan(MAX_GROWTH_BYTES);
    if (MUTATIONS >= LONG_RUN) expect(report.grownLateBytes).toBeLessThan(MAX_LATE_GROWTH_BYTES);
  },
  TIMEOUT_MS,
);
