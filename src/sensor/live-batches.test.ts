/** The capture thread for real: in a network namespace made for the test, on its own loopback. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvidenceStats } from './evidence/evidence-stats.ts';
import { readEvidence } from './evidence/read-evidence.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const isPossible = isRoot && spawnSync('ip', ['-V']).status === 0;
if (!isPossible) process.stderr.write('live sensor tests skipped: they need Linux, root and ip\n');

const namespace = `pnsensor${process.pid}`;

beforeAll(() => {
  if (!isPossible) return;
  execFileSync('ip', ['netns', 'add', namespace]);
  execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up']);
});
afterAll(() => {
  if (isPossible) execFileSync('ip', ['netns', 'delete', namespace]);
});

/** Captures on the loopback of the namespace while `traffic` runs there; what it printed as JSON. */
function run(
  folder: string,
  extension: string,
  traffic: string,
  options = {},
): Record<string, unknown> {
  const url = (path: string) =>
    JSON.stringify(new URL(`../../${folder}/${path}.${extension}`, import.meta.url).href);
  const script = `
    const { LiveBatches } = await import(${url('sensor/live-batches')});
    const { decodeBatch } = await import(${url('stream/batch-codec')});
    const dgram = await import('node:dgram');
    const stop = new AbortController();
    const batches = [];
    const socket = dgram.createSocket('udp4');
    const send = (count) => { for (let n = 0; n < count; n++) socket.send(String(n), 9, '127.0.0.1'); };
    const producer = new LiveBatches({
      interfaces: ['lo'], maxRows: 50, flushMs: 200,
      onOpen() { ${traffic} },
      ...${JSON.stringify(options)},
    });
    const place = { sensorId: 's1', epoch: 'e1', firstSequence: 41 };
    try {
      await producer.run(place, async ({ sequence, bytes }) => {
        const { batch, meta } = decodeBatch(bytes);
        const ports = [...batch.dstPort.subarray(0, batch.length)];
        batches.push({ sequence, meta: meta.sequence, rows: batch.length, to9: ports.filter((p) => p === 9).length });
      }, stop.signal);
      socket.close();
      console.log(JSON.stringify({ batches, stats: producer.stats, evidence: producer.evidence, early: globalThis.early }));
    } catch (error) {
      socket.close();
      console.log(JSON.stringify({ code: error.code, message: error.message }));
    }`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const { stdout, stderr } = spawnSync('ip', ['netns', 'exec', namespace, ...node], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

interface Outcome {
  batches: { sequence: number; meta: number; rows: number; to9: number }[];
  stats: { frames: number; kernelDrops: number };
  evidence: EvidenceStats | null;
}

const isBuilt = existsSync(new URL('../../dist/sensor/capture-worker.js', import.meta.url));

describe.skipIf(!isPossible)('LiveBatches', () => {
  it.each([
    ['the sources', 'src', 'ts', false],
    ['the build', 'dist', 'js', !isBuilt],
  ])(
    'brings every packet over from the capture thread, in order, from %s',
    (_, folder, extension, isSkipped) => {
      if (isSkipped) return;
      const outcome = run(
        folder,
        extension,
        'send(175); setTimeout(() => stop.abort(), 800);',
      ) as unknown as Outcome;
      const { batches, stats } = outcome;
      expect(batches.reduce((sum, { to9 }) => sum + to9, 0)).toBe(175);
      expect(batches.reduce((sum, { rows }) => sum + rows, 0)).toBe(stats.frames);
      expect(batches.map(({ sequence }) => sequence)).toEqual(
        batches.map((_, index) => 41 + index),
      );
      expect(batches.map(({ meta }) => meta)).toEqual(batches.map(({ sequence }) => sequence));
      expect(Math.max(...batches.map(({ rows }) => rows))).toBe(50);
      expect(stats.kernelDrops).toBe(0);
    },
  );

  it('keeps the bytes of every packet where it is told to, with several threads too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'phantomnet-live-'));
    try {
      for (const [workers, traffic] of [
        [2, 'send(40); setTimeout(() => stop.abort(), 800);'],
        [1, 'send(40); setTimeout(() => stop.abort(), 2500);'],
      ] as const) {
        const options = { evidence: { dir }, workers };
        const { stats, evidence } = run('src', 'ts', traffic, options) as unknown as Outcome;
        expect(evidence).toMatchObject({ packets: stats.frames, dropped: 0 });
        const anything = { srcIp: null, srcPort: null, dstIp: null, protocol: null };
        const filter = { ...anything, dstPort: 9, fromMicros: 0, toMicros: Date.now() * 1000 };
        const request = { dir, sensorId: 's1', filters: [filter] };
        const capture = await readEvidence([request], { maxBytes: 1e6 });
        await capture.close();
        expect(capture.packets).toBe(40);
        // That of the other thread the next start removes itself.
        rmSync(join(dir, 's1', 'worker-0'), { recursive: true, force: true });
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('closes a batch that is not full after its time, without further traffic', () => {
    const before = 'globalThis.early = batches.length;';
    const traffic = `send(3); setTimeout(() => { ${before} stop.abort(); }, 900);`;
    const { batches, early } = run('src', 'ts', traffic) as unknown as Outcome & { early: number };
    expect(early).toBe(1);
    expect(batches.map(({ to9 }) => to9)).toEqual([3]);
  });
});
