/** Processes by number, told apart from later ones that were given the same number. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Position of `starttime` in /proc/PID/stat after the closing bracket of the command, proc(5) field 22. */
const START_TIME_FIELD = 19;

/** False for a dead one that its parent has not yet buried, too: a zombie has no command line. */
export async function isRunning(pid: number): Promise<boolean> {
  return exists(pid) && (await commandOf(pid)) !== '';
}

/** Clock ticks since boot at which the process began; empty where the system does not say. */
export async function startedAt(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD] ?? '';
  } catch {
    return '';
  }
}

/** The command line, or an empty text where the process is gone. */
export async function commandOf(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    const ps = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => null);
    return ps?.stdout ?? '';
  }
}

function exists(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
