import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { DETECTION_DEFAULTS } from '../core/detection/detection-limits.ts';
import { evaluate } from './evaluate.ts';

const DEMO = 'demo/demo.pcap.zst';

async function errorsOf(isTTY: boolean): Promise<string> {
  const err = Object.assign(new PassThrough(), { isTTY, columns: 80 });
  await evaluate([DEMO], {
    json: true,
    labels: 'demo/labels.csv',
    model: null,
    falseAlarmsPerDay: 24,
    limits: DETECTION_DEFAULTS,
    out: new PassThrough(),
    err,
  });
  return String(err.read() ?? '');
}

it('says on a terminal how far it is, and leaves nothing of that', {
  timeout: 60_000,
}, async () => {
  const said = await errorsOf(true);
  expect(said).toContain(`0/1 ${DEMO}`);
  expect(said).toMatch(/demo.pcap.zst: [4-9]\d{4} packets/);
  expect(said.endsWith('\r\u001b[K')).toBe(true);
});

it('says nothing where nobody looks on', { timeout: 60_000 }, async () => {
  expect(await errorsOf(false)).toBe('');
});
