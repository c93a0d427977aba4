/**
 * Capture files damaged at every byte: cut at every offset, one byte changed at every offset, and every word
 * replaced by the lengths that break readers. Whatever the damage: frames and a clean end, or an `AppError` that
 * says so, and the frames that lie before the damage come out as they were.
 *
 * The usual run takes three of the published captures, `PHANTOMNET_DAMAGE=all` every small one.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCapture } from '../../src/capture/open-capture.ts';
import { AppError } from '../../src/errors.ts';
import { liveBytes } from './collect-garbage.ts';
import { builtCaptures, publishedCaptures } from './small-captures.ts';
import { Watchdog } from './watchdog.ts';

/** By exclusive or: the lowest bit, the highest, all. */
const FLIPS = [0x01, 0x80, 0xff];
const LENGTHS = [0, 0x7fff_ffff, 0xffff_ffff];
/** Every fourth file is read in pieces that end within its records. */
const SMALL_CHUNK_BYTES = 48;
/** One damaged file, opened and read to its end. */
const LIMIT_MS = 2_000;
const MAX_GROWTH_BYTES = 16 * 2 ** 20;

const dir = mkdtempSync(join(tmpdir(), 'phantomnet-damage-'));
const path = join(dir, 'damaged.capture');
const watchdog = new Watchdog();
let runs = 0;
let liveBefore = 0;

interface Outcome {
  readonly frames: readonly string[];
  /** The error's code; null: a clean end. */
  readonly code: string | null;
}

beforeAll(async () => {
  await outcomeOf(builtCaptures()[0]?.bytes ?? new Uint8Array(), 'the first capture');
  liveBefore = liveBytes();
});

afterAll(async () => {
  rmSync(dir, { recursive: true });
  await watchdog.stop();
});

describe.each(builtCaptures())('$name', ({ name, bytes, frames, isCompressed }) => {
  it('is whole before it is damaged', async () => {
    const whole = await outcomeOf(bytes, name);
    expect(whole.code).toBe(null);
    expect(whole.frames).toHaveLength(frames);
  });

  it('survives damage at every byte', () => survives(name, bytes, isCompressed), 120_000);
});

const isAll = process.env.PHANTOMNET_DAMAGE === 'all';
const published = publishedCaptures().slice(0, isAll ? undefined : 3);

describe.skipIf(published.length === 0)(
  `published captures${published.length === 0 ? ' (skipped: no captures under ../shared/data)' : ''}`,
  () => {
    it.each(published)(
      '$name survives damage at every byte',
      ({ name, bytes }) => survives(name, bytes, false),
      120_000,
    );
  },
);

it('keeps no memory of damaged files', () => {
  expect(runs).toBeGreaterThan(10_000);
  expect(liveBytes() - liveBefore).toBeLessThan(MAX_GROWTH_BYTES);
});

async function survives(name: string, bytes: Uint8Array, isCompressed: boolean): Promise<void> {
  const { frames } = await outcomeOf(bytes, name);
  /** By offset: what is delivered of the bytes before it. */
  const before: (readonly string[])[] = [];
  for (let cut = 0; cut < bytes.length; cut++) {
    const cutShort = await outcomeOf(bytes.subarray(0, cut), `${name}, cut at ${cut}`);
    expectSame(cutShort.frames, frames.slice(0, cutShort.frames.length), `${name}, cut at ${cut}`);
    before.push(cutShort.frames);
  }
  const counts = before.map(({ length }) => length);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  for (const { at, what, damaged } of damages(bytes)) {
    const label = `${name}, ${what} at ${at}`;
    const outcome = await outcomeOf(damaged, label);
    // Behind a broken compressed stream there is no telling where in the capture the damage lies.
    if (!isCompressed) expectSame(outcome.frames.slice(0, counts[at]), before[at] ?? [], label);
  }
}

function* damages(bytes: Uint8Array): Generator<{ at: number; what: string; damaged: Uint8Array }> {
  // Not `slice`, which in a Buffer copies nothing.
  const damaged = Uint8Array.from(bytes);
  for (let at = 0; at < bytes.length; at++)
    for (const flip of FLIPS) {
      damaged[at] = (bytes[at] ?? 0) ^ flip;
      yield { at, what: `^ ${flip}`, damaged };
      damaged[at] = bytes[at] ?? 0;
    }
  const view = new DataView(damaged.buffer);
  for (let at = 0; at + 4 <= bytes.length; at += 4)
    for (const length of LENGTHS) {
      view.setUint32(at, length);
      yield { at, what: `word ${length}`, damaged };
      view.setUint32(at, length, true);
      yield { at, what: `little-endian word ${length}`, damaged };
      damaged.set(bytes.subarray(at, at + 4), at);
    }
}

/** Anything thrown but an `AppError` about the capture goes on and fails the test. */
async function outcomeOf(bytes: Uint8Array, label: string): Promise<Outcome> {
  watchdog.enter(label);
  runs++;
  writeFileSync(path, bytes);
  const frames: string[] = [];
  let code: string | null = null;
  const started = performance.now();
  try {
    const source = await openCapture(path, runs % 4 === 0 ? { chunkBytes: SMALL_CHUNK_BYTES } : {});
    await source.run(
      ({ bytes: from, start, end, wireLength, tsMicros, linkType, interface: on }) => {
        const hex = Buffer.from(from.subarray(start, end)).toString('hex');
        frames.push(`${tsMicros} ${wireLength} ${linkType} ${on} ${hex}`);
      },
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw new Error(`Thrown by ${label}`, { cause: error });
    code = error.code;
  }
  const tookMs = performance.now() - started;
  if (tookMs > LIMIT_MS) throw new Error(`${label} took ${tookMs} ms`);
  if (code !== null && code !== 'capture_damaged' && code !== 'input_invalid')
    throw new Error(`${label} is reported as ${code}`);
  return { frames, code };
}

/** Of tens of thousands of comparisons each has to be cheap. */
function expectSame(got: readonly string[], wanted: readonly string[], label: string): void {
  if (got.join('\n') !== wanted.join('\n')) expect(got, label).toEqual(wanted);
}
