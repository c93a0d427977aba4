import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cuttableDisk, whyNoPowerCut } from '../../../test/support/power-cut.ts';
import { Journal, readJournal } from './journal.ts';

const batchOf = (number: number) => new Uint8Array(number * 100_000).fill(number);

describe('a journal', () => {
  let dir: string;
  let path: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'phantomnet-journal-'));
    path = join(dir, 'j');
    const journal = await Journal.begin(path);
    for (const number of [1, 2, 30, 4])
      await journal.append({ number, lostBefore: 2 ** 40 + number, batch: batchOf(number) });
    expect(journal.byteLength).toBe((await readFile(path)).length);
    await journal.close();
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function numbers(): Promise<number[]> {
    const found: number[] = [];
    for await (const { number, lostBefore, batch } of readJournal(path)) {
      expect(lostBefore).toBe(2 ** 40 + number);
      expect(Buffer.compare(batch, batchOf(number))).toBe(0);
      found.push(number);
    }
    return found;
  }

  it('gives its entries back in order', async () => {
    expect(await numbers()).toEqual([1, 2, 30, 4]);
  });

  it('ends before an entry that is torn, changed or impossible', async () => {
    await truncate(path, (await readFile(path)).length - 1);
    expect(await numbers()).toEqual([1, 2, 30]);
    const bytes = await readFile(path);
    bytes[400_000] = 0;
    await writeFile(path, bytes);
    expect(await numbers()).toEqual([1, 2]);
    await truncate(path, 100_020);
    await appendFile(path, Buffer.alloc(64, 0xff));
    expect(await numbers()).toEqual([1]);
  });

  it('has nothing where there is no file', async () => {
    path = join(dir, 'none');
    expect(await numbers()).toEqual([]);
  });
});

if (whyNoPowerCut) it.skip(`a power cut: ${whyNoPowerCut}`, () => {});

describe.skipIf(whyNoPowerCut)('a power cut', () => {
  it('takes nothing that was appended', async () => {
    const disk = await cuttableDisk();
    try {
      const journal = await Journal.begin(join(disk.dir, 'j'));
      for (const number of [1, 2])
        await journal.append({ number, lostBefore: 0, batch: batchOf(number) });
      const after = await disk.afterPowerCut();
      const found: number[] = [];
      for await (const { number, batch } of readJournal(join(after, 'j'))) {
        expect(Buffer.compare(batch, batchOf(number))).toBe(0);
        found.push(number);
      }
      expect(found).toEqual([1, 2]);
      await journal.close();
    } finally {
      disk.remove();
    }
  });
});
