/** Other people's programs as peers: found on the path, timed as whole processes, their output thrown away. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

const TIMEOUT_MS = 300_000;

/** Debian's: it sees the libraries that the package manager installs, whatever `python3` comes first on the path. */
export const PYTHON = '/usr/bin/python3';

export function isInstalled(command: string): boolean {
  const folders = isAbsolute(command) ? ['/'] : (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Seconds of processor time, user and system, of one run: what it costs on one core, whatever else the machine does. */
export function secondsOf(command: string, args: readonly string[]): number {
  const script = 'TIMEFORMAT="%U %S"; { time "$@" >/dev/null 2>/dev/null; } 2>&1';
  const { status, stdout, error } = spawnSync('bash', ['-c', script, 'peer', command, ...args], {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`Cannot time ${command}: it ended with ${status}`);
  const [user = 0, system = 0] = stdout.trim().split(' ').map(Number);
  return user + system;
}

/** What a run prints, for peers that time themselves. */
export function answerOf(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** Seconds of processor time of this process, all threads, that `work` takes. */
export async function ownSecondsOf(work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Whether Debian's Python has it: packages are python3-scapy, python3-xgboost, python3-sklearn. */
export function hasPythonLibrary(name: string): boolean {
  try {
    secondsOf(PYTHON, ['-c', `import ${name}`]);
    return true;
  } catch {
    return false;
  }
}
