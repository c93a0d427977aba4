import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeDurably } from './durable-file.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function* chunksOf(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('a file is written durably', () => {
  it('through a link into what it leads to, also where nothing is there yet', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    const target = join(folder, 'elsewhere', 'store.backup');
    const link = join(folder, 'latest');
    symlinkSync(join('elsewhere', 'store.backup'), link);
    for (const text of ['first', 'second']) {
      await writeDurably(link, chunksOf(text));
      expect(lstatSync(link).isSymbolicLink()).toBe(true);
      expect(lstatSync(target).isFile()).toBe(true);
      expect(readFileSync(target, 'utf8')).toBe(text);
    }
    expect(readdirSync(folder).sort()).toEqual(['elsewhere', 'latest']);
    expect(readdirSync(join(folder, 'elsewhere'))).toEqual(['store.backup']);
  });

  it('into a pipe, which stays one', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('mknod', [pipe, 'p']);
    const reading = readFile(pipe, 'utf8');
    expect(await writeDurably(pipe, chunksOf('all ', 'of it'))).toBe(9);
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    expect(await reading).toBe('all of it');
  });

  it.skipIf(process.getuid?.() !== 0)('into a device, which stays one', async () => {
    const device = join(folder, 'sink');
    execFileSync('mknod', [device, 'c', '1', '3']);
    await writeDurably(device, chunksOf('all', 'of it')).catch((error: unknown) => {
      // Where the temporary folder may hold no devices, it cannot be opened; it stays all the same.
      expect(error).toMatchObject({ code: 'EACCES' });
    });
    expect(lstatSync(device).isCharacterDevice()).toBe(true);
    expect(readdirSync(folder)).toEqual(['sink']);
  });

  it('whole by each of two at once: the last one stays', async () => {
    const path = join(folder, 'store.backup');
    let isSecondDone = () => {};
    const second = new Promise<void>((resolve) => {
      isSecondDone = resolve;
    });
    async function* slow() {
      yield Buffer.from('first begins, ');
      await writeDurably(path, chunksOf('second'));
      expect(readFileSync(path, 'utf8')).toBe('second');
      isSecondDone();
      yield Buffer.from('first ends');
    }
    await writeDurably(path, slow());
    await second;
    expect(readFileSync(path, 'utf8')).toBe('first begins, first ends');
    expect(readdirSync(folder)).toEqual(['store.backup']);
  });

  it('or not at all: what was there stays, and nothing is left beside it', async () => {
    const path = join(folder, 'store.backup');
    writeFileSync(path, 'before');
    async function* broken() {
      yield Buffer.from('half');
      throw new Error('the database went away');
    }
    await expect(writeDurably(path, broken())).rejects.toThrow('went away');
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(folder)).toEqual(['store.backup']);
  });

  it('and removes what a crash left long ago, not what another may still write', async () => {
    const path = join(folder, 'store.backup');
    const [old, fresh] = ['0123456789ab', 'ba9876543210'].map((id) => `${path}.${id}.part`);
    for (const part of [old, fresh]) writeFileSync(part ?? '', 'half');
    utimesSync(old ?? '', new Date(0), new Date(0));
    await writeDurably(path, chunksOf('whole'));
    expect(readdirSync(folder)).toEqual(['store.backup', 'store.backup.ba9876543210.part']);
    await writeDurably(path, chunksOf('whole'), { isOnlyWriter: true });
    expect(readdirSync(folder)).toEqual(['store.backup']);
  });
});
