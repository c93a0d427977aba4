/**
 * Gives up what opening the capture needed. Linux keeps capabilities per thread, so a thread can give up
 * only its own: `dropCapabilities` for the one that calls, `execWithoutCapabilities` for the whole process,
 * by starting its program anew. Source: capabilities(7), linux/capability.h, prctl(2).
 */
import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { AppError } from '../errors.ts';

const VERSION_3 = 0x2008_0522;
const CAP_DAC_OVERRIDE = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const F_SETFD = 2;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

interface FileNeeds {
  readonly read: readonly string[];
  /** Folders. */
  readonly write: readonly string[];
}

interface Libc {
  capset: (header: Uint32Array, sets: Uint32Array) => number;
  prctl: (what: number, a: number, b: number, c: number, d: number) => number;
  fcntl: (fd: number, command: number, type: 'int', value: number) => number;
  execve: (path: string, argv: (string | null)[], env: (string | null)[]) => number;
}

let loaded: Libc | null = null;

function libc(): Libc {
  if (loaded) return loaded;
  const library = koffi.load(null);
  loaded = {
    capset: library.func('int capset(const void *, const void *)'),
    prctl: library.func(
      'int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)',
    ),
    fcntl: library.func('int fcntl(int, int, ...)'),
    execve: library.func('int execve(const char *, const char **, const char **)'),
  };
  return loaded;
}

/**
 * This thread has no capabilities from now on, and nothing it executes gets any back. Sockets that are
 * open stay usable.
 * @throws AppError `capture_unavailable` where the kernel refuses, which it has no reason to.
 */
export function dropCapabilities(): void {
  const { prctl } = libc();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) throw refused('promise to gain no rights');
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  set([], []);
}

/**
 * Starts this program anew in this process, all of its threads without capabilities; does not return.
 * Root that could not use some of these files otherwise keeps the right over files and no other.
 * @throws AppError `capture_unavailable` where it cannot be started.
 */
export function execWithoutCapabilities(environment: NodeJS.ProcessEnv, needs: FileNeeds): never {
  const { execve, fcntl, prctl } = libc();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) throw refused('promise to gain no rights');
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  const kept = process.getuid?.() === 0 && needsFileRights(needs) ? [CAP_DAC_OVERRIDE] : [];
  set(kept, kept);
  const words = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const settings = Object.entries(environment).map(([name, value]) => `${name}=${value ?? ''}`);
  // Node has marked them as its own.
  for (const standard of [0, 1, 2]) fcntl(standard, F_SETFD, 'int', 0);
  execve(process.execPath, [...words, null], [...settings, null]);
  throw refused('start anew without rights');
}

/** Whether any of the files can be used only by the right over all files. */
function needsFileRights({ read, write }: FileNeeds): boolean {
  // Not in effect and not given up: the attempts show what is possible without.
  set([], [CAP_DAC_OVERRIDE]);
  try {
    for (const file of read) closeSync(openSync(file, 'r'));
    for (const folder of write) {
      const probe = join(folder, `.probe-${process.pid}`);
      closeSync(openSync(probe, 'w'));
      unlinkSync(probe);
    }
    return false;
  } catch {
    return true;
  }
}

function set(effective: readonly number[], permitted: readonly number[]): void {
  const bits = (of: readonly number[], word: number) =>
    of.reduce((sum, one) => sum | (one >> 5 === word ? 1 << (one & 31) : 0), 0) >>> 0;
  const sets = [0, 1].flatMap((word) => [bits(effective, word), bits(permitted, word), 0]);
  // Thread 0: this one.
  if (libc().capset(new Uint32Array([VERSION_3, 0]), new Uint32Array(sets)) < 0) {
    throw refused('give up capabilities');
  }
}

function refused(what: string): AppError {
  return new AppError('capture_unavailable', `Cannot ${what}: errno ${koffi.errno()}`);
}
