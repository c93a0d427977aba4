/**
 * A run guided by coverage: inputs that reach code which none before them reached are kept and bred from.
 * `node test/hostile/coverage-guided.ts [frames|captures] [SECONDS] [SEED]`. Prints one JSON line, and what it
 * found to the error output; ends with 1 where it found anything.
 */
import { argv, stderr, stdout } from 'node:process';
import { Random } from '../../src/core/models/random.ts';
import { BlockCoverage } from './block-coverage.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { Watchdog } from './watchdog.ts';

/** Inputs between two looks at the coverage, which take a millisecond or two. */
const BATCH = 64;
/** Findings are often one fault in many dresses. */
const MAX_FINDINGS = 10;
const PROGRESS_MS = 30_000;

const [name = 'frames', seconds = '60', seed = '1'] = argv.slice(2);
const watchdog = new Watchdog();
watchdog.enter(`coverage-guided ${name}, seed ${seed}`);
const coverage = new BlockCoverage(
  name === 'captures'
    ? ['/src/capture/byte-', '/src/capture/open-', '/src/capture/pcap']
    : ['/src/core/wire/'],
);
await coverage.start();
if (name === 'captures') await hunt((await import('./capture-target.ts')).captureTarget);
else await hunt((await import('./frame-target.ts')).frameTarget);
coverage.stop();
await watchdog.stop();

async function hunt<Input>(target: FuzzTarget<Input>): Promise<void> {
  const random = new Random(Number(seed));
  const corpus: Input[] = [];
  let executions = 0;
  let findings = 0;
  await coverage.learn();

  let waiting: Input[] = [];
  for await (const input of target.seeds()) {
    waiting.push(input);
    if (waiting.length === BATCH) await look();
  }
  await look();
  const bySeeds = { corpus: corpus.length, covered: coverage.covered };
  const end = performance.now() + Number(seconds) * 1000;
  let nextWord = performance.now() + PROGRESS_MS;
  while (performance.now() < end && findings < MAX_FINDINGS) {
    for (let i = 0; i < BATCH; i++) waiting.push(target.breed(pick(), pick(), random));
    await look();
    if (performance.now() < nextWord) continue;
    nextWord += PROGRESS_MS;
    stderr.write(`${executions} inputs, ${corpus.length} kept, ${percent(coverage.covered)} %\n`);
  }
  if (argv.includes('--uncovered')) stderr.write(`${coverage.uncovered().join('\n')}\n`);
  stdout.write(
    `${JSON.stringify({
      ...{ target: name, seconds: Number(seconds), seed: Number(seed), executions, findings },
      ...{ kept_of_seeds: bySeeds.corpus, kept: corpus.length },
      covered_percent_by_seeds: percent(bySeeds.covered),
      covered_percent: percent(coverage.covered),
    })}\n`,
  );
  if (findings > 0) process.exitCode = 1;

  async function look(): Promise<void> {
    watchdog.beat();
    const inputs = waiting;
    waiting = [];
    executions += inputs.length;
    await sift(inputs);
  }

  /** Runs the inputs; where they reach anything new, again in halves, down to the one that does. */
  async function sift(inputs: readonly Input[]): Promise<void> {
    if (inputs.length === 0) return;
    const trouble = await troubleOf(inputs);
    const ran = await coverage.take();
    const [input] = inputs;
    if (inputs.length === 1 && input !== undefined) {
      if (trouble !== null) report(trouble, inputs);
      if (coverage.add(ran) > 0) corpus.push(input);
    } else if (trouble !== null || coverage.isNews(ran)) {
      const foundBefore = findings;
      await sift(inputs.slice(0, inputs.length >> 1));
      await sift(inputs.slice(inputs.length >> 1));
      // What only all of them together reach would be news for ever.
      coverage.add(ran);
      if (trouble !== null && findings === foundBefore) report(trouble, inputs);
    }
  }

  async function troubleOf(inputs: readonly Input[]): Promise<string | null> {
    try {
      await target.run(inputs);
      return null;
    } catch (error) {
      const { stack, cause } = error as Error;
      return `${stack}\n${cause instanceof Error ? cause.stack : ''}`;
    }
  }

  function report(trouble: string, inputs: readonly Input[]): void {
    findings++;
    stderr.write(`FOUND ${trouble}\nby\n${inputs.map(target.tell).join('\n--\n')}\n`);
  }

  function pick(): Input {
    // The newer half as often as all: what it reached is least explored.
    const oldest = random.uint32() & 1 ? corpus.length >> 1 : 0;
    const input = corpus[oldest + (random.uint32() % (corpus.length - oldest))];
    if (input === undefined) throw new Error('Cannot breed: no seed reached anything');
    return input;
  }
}

function percent(covered: number): number {
  return Math.round((1000 * covered) / coverage.total) / 10;
}
