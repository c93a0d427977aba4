/**
 * Which of our processes looks after the server of a data directory.
 *
 * The file `owner` holds its process id and start time. A second process (a command run beside the
 * platform) finds a living owner and only borrows the server: it must not stop it. An owner that died
 * left an orphan, which the next one adopts.
 */
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning, startedAt } from './process-identity.ts';

/** True if this process is the owner now; false while another one lives. */
export async function claimOwnership(dataDir: string): Promise<boolean> {
  const file = join(dataDir, 'owner');
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, `${process.pid} ${await startedAt(process.pid)}\n`, { mode: 0o644 });
  try {
    for (;;) {
      try {
        await link(mine, file);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (await hasLivingOwner(dataDir)) return false;
      await rm(file, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
}

export async function releaseOwnership(dataDir: string): Promise<void> {
  await rm(join(dataDir, 'owner'), { force: true });
}

export async function hasLivingOwner(dataDir: string): Promise<boolean> {
  const content = await readFile(join(dataDir, 'owner'), 'utf8').catch(() => '');
  const [pid, started] = content.trim().split(' ');
  return (await isRunning(Number(pid))) && (started ?? '') === (await startedAt(Number(pid)));
}
