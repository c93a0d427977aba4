/** Decoding allocates nothing for packets without text: growth of the heap over three million packets of each kind. */
import { execFile } from 'node:child_process';
import { execPath } from 'node:process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const FLAGS = ['--expose-gc', '--max-semi-space-size=128'];
/** Half of the smallest object: what is below is the batch's `clear`, and the compiler coming and going. */
const MAX_BYTES = 6;
const MIN_BYTES_WITH_TEXT = 16;

it('allocates nothing per packet without text', async () => {
  const { stdout } = await run(execPath, [...FLAGS, 'test/bench/decode-allocation-probe.ts']);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines.length).toBeGreaterThan(5);
  const isText = ({ kind }: Line) => kind.includes('text of its own');
  const others = lines.filter((line) => !isText(line));
  expect(others.filter(({ packets }) => packets < 1_000_000)).toEqual([]);
  expect(others.filter((line) => line.bytes_per_packet > MAX_BYTES)).toEqual([]);
  // The probe would see it.
  expect(lines.find(isText)?.bytes_per_packet).toBeGreaterThan(MIN_BYTES_WITH_TEXT);
}, 180_000);

interface Line {
  readonly kind: string;
  readonly packets: number;
  readonly bytes_per_packet: number;
}
