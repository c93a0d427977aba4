/** `phantomnet verify` over the demo: every alert comes out to the bit, and what was changed is found. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '../../src/contract/alert.ts';

const CAPTURE = 'demo/demo.pcap.zst';
const LIMIT_MS = 90_000;

interface Result {
  readonly id: string;
  readonly result: string;
  readonly reasons: string[];
  readonly differences: { field: string; stored: unknown; derived: unknown }[] | null;
}

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-verify-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...words: string[]) {
  const child = spawn(process.execPath, ['src/cli/main.ts', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, err, code: await code };
}

async function verify(alerts: readonly unknown[], capture = CAPTURE, ...words: string[]) {
  const path = join(folder, 'alerts.jsonl');
  writeFileSync(path, `${alerts.map((alert) => JSON.stringify(alert)).join('\n')}\n`);
  const { out, ...rest } = await run(
    ...['verify', ...words, '--json', '--alert', path, '--capture', capture],
  );
  return { results: linesOf<Result>(out), ...rest };
}

function linesOf<Line>(out: string): Line[] {
  return out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
}

describe('verify', () => {
  let alerts: Alert[];

  beforeAll(async () => {
    alerts = linesOf<Alert>((await run('analyze', '--json', CAPTURE)).out);
  }, LIMIT_MS);

  it(
    'derives every alert of the demo again, every field to the bit',
    async () => {
      const { results, code } = await verify(alerts);
      expect(results.length).toBeGreaterThan(25);
      expect(results.map(({ id, result }) => [id, result])).toEqual(
        alerts.map(({ id }) => [id, 'equal']),
      );
      expect(code).toBe(0);
    },
    LIMIT_MS,
  );

  it('has the whole vector, the catalogue and the model in the alert', () => {
    const explained = alerts.filter(({ model }) => model !== null);
    expect(explained.length).toBeGreaterThan(20);
    for (const { model, explanation } of explained) {
      expect(explanation.length).toBeGreaterThan(50);
      expect(model?.hash).toMatch(/^[0-9a-f]{64}$/);
      expect(model?.explained?.catalogue_hash).toMatch(/^[0-9a-f]{16}$/);
    }
  });

  it(
    'names the one number that was changed, in whichever alert',
    async () => {
      const changes: [string, (value: never) => unknown][] = [
        ['packet_count', (count: number) => count + 1],
        ['confidence', nextAbove],
        ['source_ip', () => '192.0.2.77'],
        ['evidence.0.at', (seconds: number) => seconds + 1e-6],
        ['explanation.3.contribution', nextAbove],
        ['explanation.0.value', (value: number | null) => (value ?? 0) + 1],
        ['model.explained.catalogue_hash', () => '0'.repeat(16)],
        ['decision', (decision: string) => (decision === 'BLOCK' ? 'ALERT' : 'BLOCK')],
      ];
      const explained = alerts.filter(({ model }) => model !== null);
      const changed = explained.map((alert, at) => {
        const [field, change] = changes[at % changes.length] ?? ['', () => undefined];
        return { field, copy: withChange(alert, field, change) };
      });
      const { results, code, err } = await verify(changed.map(({ copy }) => copy));
      expect(
        results.map(({ result, differences }) => [result, differences?.map((d) => d.field)]),
      ).toEqual(changed.map(({ field }) => ['differs', [field]]));
      expect(code).toBe(1);
      expect(err).toContain(
        `${changed.length} of ${changed.length} alerts did not come out the same`,
      );
    },
    LIMIT_MS,
  );

  it(
    'finds that one packet is missing from the capture',
    async () => {
      const scan = alerts.find(({ alert_type }) => alert_type === 'Port_Scan');
      if (!scan) throw new Error('The demo has no scan');
      const without = join(folder, 'without.pcap');
      writeFileSync(without, withoutPacketOf(scan));
      const { results, code } = await verify([scan], without);
      expect(results).toMatchObject([{ result: 'differs' }]);
      expect(results[0]?.differences?.map(({ field }) => field)).toContain('packet_count');
      expect(code).toBe(1);
    },
    LIMIT_MS,
  );

  it(
    'cannot say where the model is another, and says which one it was',
    async () => {
      const alert = alerts.find(({ model }) => model !== null);
      if (!alert?.model) throw new Error('No alert is explained');
      const hash = 'ab'.repeat(32);
      const { results, code } = await verify([{ ...alert, model: { ...alert.model, hash } }]);
      expect(results).toMatchObject([{ result: 'cannot', differences: null }]);
      expect(results[0]?.reasons[0]).toContain(hash);
      expect(code).toBe(1);
    },
    LIMIT_MS,
  );

  it('cannot say of what a lure saw', async () => {
    const { results } = await verify([{ ...alerts[0], alert_type: 'Honeypot_Login' }]);
    expect(results).toMatchObject([{ result: 'cannot' }]);
    expect(results[0]?.reasons[0]).toContain('lure');
  });

  it('refuses what it cannot read with 2', async () => {
    const missing = await verify(alerts, CAPTURE, 'nosuchid');
    expect(missing).toMatchObject({ code: 2, results: [] });
    expect(missing.err).toContain('There is no alert nosuchid');
    expect(await verify(['hello'])).toMatchObject({ code: 2, results: [] });
    expect(await verify(alerts, 'package.json')).toMatchObject({ code: 2, results: [] });
    expect(await run('verify')).toMatchObject({ code: 2, out: '' });
  });
});

function withChange(alert: Alert, path: string, change: (value: never) => unknown): unknown {
  const copy: unknown = structuredClone(alert);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  const holder = keys.reduce((value, key) => (value as Record<string, unknown>)[key], copy);
  const fields = holder as Record<string, unknown>;
  fields[last] = change(fields[last] as never);
  return copy;
}

/** The double that follows; of one below 0 the one nearer to it. */
function nextAbove(value: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigUint64(0, view.getBigUint64(0) + (value < 0 ? -1n : 1n));
  return view.getFloat64(0);
}

/** The demo without the second packet that the alert's source sent to its target from its beginning on. */
function withoutPacketOf({ first_seen, source_ip, destination_ip }: Alert): Uint8Array {
  const capture = zstdDecompressSync(readFileSync(CAPTURE));
  const addressAt = (at: number) => capture.subarray(at, at + 4).join('.');
  let seen = 0;
  for (let at = 24; at < capture.length; ) {
    const time = capture.readUInt32LE(at) + capture.readUInt32LE(at + 4) / 1e6;
    const end = at + 16 + capture.readUInt32LE(at + 8);
    const isOne =
      time >= first_seen &&
      addressAt(at + 16 + 26) === source_ip &&
      addressAt(at + 16 + 30) === destination_ip;
    if (isOne && ++seen === 2)
      return Buffer.concat([capture.subarray(0, at), capture.subarray(end)]);
    at = end;
  }
  throw new Error('No packet of the alert was found');
}
