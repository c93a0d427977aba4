import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { mountSmallDisk, whyNoMount } from '../../test/support/small-disk.ts';
import { Spool } from './spool.ts';

const root = mkdtempSync(join(tmpdir(), 'phantomnet-spool-'));
let dir = '';
let count = 0;

beforeEach(() => {
  dir = join(root, String(count++));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function bytesOf(sequence: number, length = 100): Uint8Array {
  return new Uint8Array(length).fill(sequence + 1);
}

async function append(spool: Spool, batches: number, length = 100): Promise<void> {
  for (let index = 0; index < batches; index++) {
    const sequence = spool.nextSequence;
    await spool.append(sequence, 10, bytesOf(sequence, length));
  }
}

function sequences(spool: Spool): number[] {
  return spool.entries.map(({ sequence }) => sequence);
}

describe('Spool', () => {
  it('keeps batches in order until they are acknowledged', async () => {
    const spool = await Spool.open({ dir });
    await append(spool, 3);
    expect(sequences(spool)).toEqual([0, 1, 2]);
    expect(await spool.read(spool.entries[1]!)).toEqual(Buffer.from(bytesOf(1)));
    await spool.acknowledge(0);
    expect(sequences(spool)).toEqual([1, 2]);
    expect(spool.stats).toMatchObject({ batches: 2, bytes: 200, lostBatches: 0 });
    expect(readdirSync(dir).filter((name) => name.endsWith('.arrow'))).toHaveLength(2);
  });

  it('finds everything again after a restart, and no half-written file', async () => {
    const before = await Spool.open({ dir });
    await append(before, 3);
    writeFileSync(join(dir, '000000000003-10.arrow.part'), 'half');
    const after = await Spool.open({ dir });
    expect(after.epoch).toBe(before.epoch);
    expect(sequences(after)).toEqual([0, 1, 2]);
    expect(after.entries[2]).toEqual({ sequence: 2, rows: 10, bytes: 100, lostBefore: 0 });
    expect(after.nextSequence).toBe(3);
    expect(readdirSync(dir).some((name) => name.endsWith('.part'))).toBe(false);
  });

  it('takes no number for used that a crash in the middle of writing left without a batch', async () => {
    const before = await Spool.open({ dir });
    await append(before, 1);
    const appending = before.append(1, 10, bytesOf(1, 32 << 20));
    await before.acknowledge(0);
    const crashed = `${dir}-crashed`;
    const copied = readdirSync(dir).filter((name) => !name.includes('0001-10.arrow'));
    mkdirSync(crashed);
    for (const name of copied) writeFileSync(join(crashed, name), readFileSync(join(dir, name)));
    await appending;
    const after = await Spool.open({ dir: crashed });
    expect(after.epoch).toBe(before.epoch);
    expect(after.nextSequence).toBe(1);
  });

  it('never uses a number twice, although all batches are acknowledged and gone', async () => {
    const before = await Spool.open({ dir });
    await append(before, 4);
    for (const sequence of [0, 1, 2, 3]) await before.acknowledge(sequence);
    expect(readdirSync(dir).sort()).toEqual(['000000000003.acked', 'epoch']);
    const after = await Spool.open({ dir });
    expect([after.epoch, after.nextSequence]).toEqual([before.epoch, 4]);
    await append(after, 1);
    await after.acknowledge(4);
    expect(readdirSync(dir).sort()).toEqual(['000000000004.acked', 'epoch']);
  });

  it('begins a new epoch where nothing proves the next number', async () => {
    const first = await Spool.open({ dir });
    await append(first, 1);
    await first.acknowledge(0);
    rmSync(join(dir, '000000000000.acked'));
    const second = await Spool.open({ dir });
    expect(second.nextSequence).toBe(0);
    expect(second.epoch).not.toBe(first.epoch);
  });

  it('counts what it has to throw away when the epoch is lost', async () => {
    const first = await Spool.open({ dir });
    await append(first, 2);
    rmSync(join(dir, 'epoch'));
    const second = await Spool.open({ dir });
    expect(second.stats).toMatchObject({ batches: 0, lostBatches: 2, lostRows: 20 });
    expect(second.epoch).not.toBe(first.epoch);
  });

  it('loses the oldest, counted, to stay within its bound', async () => {
    const spool = await Spool.open({ dir, maxBytes: 350 });
    await append(spool, 5);
    expect(sequences(spool)).toEqual([2, 3, 4]);
    expect(spool.stats).toEqual({ batches: 3, bytes: 300, lostBatches: 2, lostRows: 20 });
    // An answer for a batch that has gone changes nothing.
    await spool.acknowledge(0);
    expect(sequences(spool)).toEqual([2, 3, 4]);
  });

  it('tells with the next batch how many packets were lost before it', async () => {
    const spool = await Spool.open({ dir, maxBytes: 350 });
    const told = () => spool.entries.map(({ sequence, lostBefore }) => [sequence, lostBefore]);
    await append(spool, 5);
    expect(told()).toEqual([
      [2, 20],
      [3, 0],
      [4, 0],
    ]);
    await spool.acknowledge(2);
    await spool.reject(3, '400 Bad Request');
    expect(told()).toEqual([[4, 10]]);
    await spool.lose(4);
    expect(spool.stats).toMatchObject({ batches: 0, lostBatches: 3, lostRows: 30 });
    // Nothing waits: the next that is written tells of both.
    await append(spool, 2);
    expect(told()).toEqual([
      [5, 20],
      [6, 0],
    ]);
  });

  it('refuses a number out of order', async () => {
    const spool = await Spool.open({ dir });
    await expect(spool.append(1, 1, bytesOf(0))).rejects.toThrow('out of order');
  });

  it('uses up the number of a batch that it could not write, and counts it', async () => {
    const spool = await Spool.open({ dir });
    rmSync(dir, { recursive: true });
    await expect(spool.append(0, 7, bytesOf(0))).rejects.toThrow('ENOENT');
    expect(spool.nextSequence).toBe(1);
    expect(spool.stats).toMatchObject({ batches: 0, lostBatches: 1, lostRows: 7 });
    mkdirSync(dir);
    await spool.append(1, 1, bytesOf(1));
    expect(spool.entries[0]?.lostBefore).toBe(7);
  });

  it('sets a refused batch aside with the answer', async () => {
    const spool = await Spool.open({ dir });
    await append(spool, 2);
    await spool.reject(0, '400 Bad Request\nrow 3');
    expect(sequences(spool)).toEqual([1]);
    const rejected = join(dir, 'rejected');
    const name = `${spool.epoch}-000000000000-10.arrow`;
    expect(readdirSync(rejected).sort()).toEqual([name, `${name}.answer.txt`]);
    expect(readFileSync(join(rejected, `${name}.answer.txt`), 'utf8')).toContain('row 3');
  });

  it('wakes who waits for a batch', async () => {
    const spool = await Spool.open({ dir });
    const waiting = spool.waitForBatch(new AbortController().signal);
    await append(spool, 1);
    await waiting;
    await (await Spool.open({ dir: `${dir}-empty` })).waitForBatch(AbortSignal.timeout(20));
  });

  it('says in one line why a directory cannot be used', async () => {
    writeFileSync(dir, 'a file');
    await expect(Spool.open({ dir })).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

if (whyNoMount) it.skip(`Spool on a full disk: ${whyNoMount}`, () => {});

describe.skipIf(whyNoMount)('Spool on a full disk', () => {
  const fillUp = async (spool: Spool): Promise<number> => {
    let kept = 0;
    for (;;) {
      const failed = await spool
        .append(spool.nextSequence, 10, bytesOf(1, 50_000))
        .catch((error: NodeJS.ErrnoException) => error.code);
      if (failed) {
        expect(failed).toBe('ENOSPC');
        return kept;
      }
      kept++;
    }
  };

  it('loses what finds no room, counted, leaves no half of it, and goes on when there is room', async () => {
    const disk = await mountSmallDisk(dir, { bytes: 512 << 10 });
    try {
      const spool = await Spool.open({ dir });
      await append(spool, 2, 50_000);
      await disk.fill();
      const kept = await fillUp(spool);
      await expect(spool.append(spool.nextSequence, 10, bytesOf(1, 50_000))).rejects.toThrow();
      expect(spool.stats).toMatchObject({ batches: 2 + kept, lostBatches: 2, lostRows: 20 });
      expect(readdirSync(dir).filter((name) => name.endsWith('.part'))).toEqual([]);
      await disk.clear();
      await append(spool, 1);
      expect(spool.entries.at(-1)).toMatchObject({ sequence: 4 + kept, lostBefore: 20 });
    } finally {
      disk.unmount();
    }
  });

  it('can be begun there, and its epoch is kept with the first batch that is', async () => {
    const disk = await mountSmallDisk(dir, { bytes: 256 << 10 });
    try {
      await disk.fill();
      const spool = await Spool.open({ dir });
      await expect(spool.append(0, 10, bytesOf(0))).rejects.toThrow('ENOSPC');
      await disk.clear();
      await append(spool, 1);
      const after = await Spool.open({ dir });
      expect(after).toMatchObject({ epoch: spool.epoch, nextSequence: 2 });
      expect(sequences(after)).toEqual([1]);
    } finally {
      disk.unmount();
    }
  });

  it('gives up what was taken and what was refused without any room, also for one file more', async () => {
    // The root, the epoch, three batches, the folder of the refused, one answer, a second name for a while; the ballast.
    const disk = await mountSmallDisk(dir, { bytes: 256 << 10, files: 9 });
    try {
      const spool = await Spool.open({ dir });
      await append(spool, 3, 10_000);
      await spool.reject(0, 'no such column');
      await disk.fill();
      await expect(spool.append(3, 10, bytesOf(3, 50_000))).rejects.toThrow('ENOSPC');
      await spool.reject(1, 'nor that');
      writeFileSync(join(dir, 'other'), '');
      await spool.acknowledge(2);
      expect(spool.stats).toMatchObject({ batches: 0, lostBatches: 1 });
      const rejected = readdirSync(join(dir, 'rejected')).filter((name) => name.endsWith('arrow'));
      expect(rejected.map((name) => name.slice(-21))).toEqual([
        '000000000000-10.arrow',
        '000000000001-10.arrow',
      ]);
      expect(readFileSync(join(dir, 'rejected', rejected[1] ?? ''))).toEqual(
        Buffer.from(bytesOf(1, 10_000)),
      );
      const after = await Spool.open({ dir });
      expect(after).toMatchObject({ epoch: spool.epoch, nextSequence: 4, entries: [] });
    } finally {
      disk.unmount();
    }
  });
});
