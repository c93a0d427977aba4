/** A file system of its own, small enough to be filled: a tmpfs over a folder. Needs root and Linux. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { mkdir, open, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BALLAST = 'ballast';
const PIECE = Buffer.alloc(64 * 1024);

export interface SmallDisk {
  /** Takes all room but about so many bytes, also what came free meanwhile. */
  fill(leftBytes?: number): Promise<void>;
  /** Gives it back. */
  clear(): Promise<void>;
  freeBytes(): Promise<number>;
  unmount(): void;
}

/** Why nothing can be mounted here; empty: it can. */
export const whyNoMount = findOut();

/** @param options.files how many there may be, folders included; default: enough */
export async function mountSmallDisk(
  dir: string,
  { bytes, files }: { bytes: number; files?: number },
): Promise<SmallDisk> {
  await mkdir(dir, { recursive: true });
  const size = `size=${bytes}${files === undefined ? '' : `,nr_inodes=${files}`}`;
  execFileSync('mount', ['-t', 'tmpfs', '-o', `${size},mode=755`, 'tmpfs', dir]);
  const ballast = join(dir, BALLAST);
  const freeBytes = async () => {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  };
  return {
    freeBytes,
    async fill(leftBytes = 0) {
      const file = await open(ballast, 'a');
      try {
        for (;;) {
          const wanted = (await freeBytes()) - leftBytes;
          if (wanted <= 0) return;
          await file.writeFile(PIECE.subarray(0, wanted));
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        await file.close();
      }
    },
    clear: () => rm(ballast, { force: true }),
    unmount: () => {
      // Lazily: a process that was killed may not have let go of it yet.
      execFileSync('umount', ['-l', dir]);
    },
  };
}

function findOut(): string {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  const dir = mkdtempSync(join(tmpdir(), 'phantomnet-mount-'));
  try {
    const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', dir]);
    if (status !== 0) return 'mounting is not allowed here';
    execFileSync('umount', [dir]);
    return '';
  } finally {
    rmdirSync(dir);
  }
}
