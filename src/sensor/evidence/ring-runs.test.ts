import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { EvidenceRing } from './evidence-ring.ts';
import { feeding, frameOf } from './made-frames.suite.ts';
import { ringRuns } from './ring-runs.ts';

const MIB = 2 ** 20;
const root = mkdtempSync(join(tmpdir(), 'phantomnet-runs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** One sensor's run: packets of 1,042 bytes, a microsecond apart. */
async function runSensor(dir: string, fromMicros: number, count: number): Promise<void> {
  const ring = await EvidenceRing.open({ dir, maxBytes: 4 * MIB });
  const feed = feeding(ring);
  for (let at = 0; at < count; at++) {
    const ends = { src: 1, dst: 2, srcPort: 1000, dstPort: 80, protocol: 'UDP' as const };
    feed(frameOf({ ...ends, tsMicros: fromMicros + at, payload: 1000 }));
    if (at % 100 === 0) await ring.settle();
  }
  await ring.close();
}

async function timesIn(dir: string): Promise<number[][]> {
  const runs = await ringRuns(dir);
  return Promise.all(
    runs.map(async (run) => {
      const times: number[] = [];
      await (await run.open()).run(({ tsMicros }) => times.push(tsMicros));
      return times;
    }),
  );
}

function counted(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => from + at);
}

it('tells the runs of a sensor apart, each over several segments in the order of capture', async () => {
  const dir = join(root, 'two');
  await runSensor(dir, 2e15, 1_000);
  await runSensor(dir, 1e15, 500); // the clock was set back
  expect(await timesIn(dir)).toEqual([counted(2e15, 1_000), counted(1e15, 500)]);
  expect(await ringRuns(dir)).toMatchObject([
    { firstMicros: 2e15, isWhole: true },
    { firstMicros: 1e15, isWhole: true },
  ]);
});

it('says that the beginning of a run is not kept any more', async () => {
  const dir = join(root, 'long');
  await runSensor(dir, 1e15, 6_000);
  const [run, ...others] = await ringRuns(dir);
  expect(others).toEqual([]);
  expect(run?.isWhole).toBe(false);
  const [times = []] = await timesIn(dir);
  expect(times[0]).toBe(run?.firstMicros);
  expect(times).toEqual(counted(1e15 + 6_000 - times.length, times.length));
});

it('has none where nothing was kept', async () => {
  expect(await ringRuns(join(root, 'nothing'))).toEqual([]);
});
