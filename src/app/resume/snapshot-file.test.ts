import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StateError } from '../../core/state/state-error.ts';
import { readSnapshot, writeSnapshot } from './snapshot-file.ts';

const PIECES = [
  new Uint8Array(100),
  Uint8Array.from({ length: 300_000 }, (_, index) => (index * index) >> 7),
  new TextEncoder().encode('the end'),
];

describe('a snapshot', () => {
  let dir: string;
  let path: string;
  let whole: Buffer;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'phantomnet-snapshot-'));
    path = join(dir, '1.state');
    const bytes = await writeSnapshot(path, PIECES);
    whole = await readFile(path);
    expect(whole).toHaveLength(bytes);
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('comes back whole, and leaves nothing beside it', async () => {
    expect(Buffer.compare(await readSnapshot(path), Buffer.concat(PIECES))).toBe(0);
    expect(await readdir(dir)).toEqual(['1.state']);
  });

  async function expectRefused(bytes: Uint8Array): Promise<void> {
    const damaged = join(dir, 'damaged');
    await writeFile(damaged, bytes);
    await expect(readSnapshot(damaged)).rejects.toBeInstanceOf(StateError);
  }

  it('is refused wherever it is cut off', async () => {
    for (let length = 0; length < whole.length; length += 1 + (length >> 4))
      await expectRefused(whole.subarray(0, length));
    await expectRefused(whole.subarray(0, whole.length - 1));
    await expectRefused(Buffer.concat([whole, Buffer.of(0)]));
  });

  it('is refused whichever byte has changed', async () => {
    for (let at = 0; at < whole.length; at += 1 + (at >> 4)) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
      await expectRefused(damaged);
    }
  });
});
