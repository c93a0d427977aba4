/** A short run of the hunt for untouched code; longer ones by hand, see docs/hostile-input.md. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./coverage-guided.ts', import.meta.url));

it.each(['frames', 'captures'])(
  'finds nothing in %s',
  async (target) => {
    const run = await promisify(execFile)(process.execPath, [PROGRAM, target, '4', '7']);
    const result: Record<string, number> = JSON.parse(run.stdout);
    expect(result.findings).toBe(0);
    expect(result.executions).toBeGreaterThan(100);
    expect(result.kept).toBeGreaterThanOrEqual(result.kept_of_seeds ?? Number.POSITIVE_INFINITY);
  },
  120_000,
);
