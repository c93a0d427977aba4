/** Processor time that other processes have taken, from /proc: Linux only, in ticks of 10 ms. */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_SECONDS = 0.01;

/** Of these processes and their children, also those that have ended, s. NaN where the system does not tell. */
export function cpuSecondsOf(pids: readonly number[]): number {
  if (process.platform !== 'linux') return Number.NaN;
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const { parent = 0, own = 0, ended = 0 } = statOf(name) ?? {};
    if (pids.includes(Number(name))) ticks += own + ended;
    else if (pids.includes(parent)) ticks += own;
  }
  return ticks * TICK_SECONDS;
}

function statOf(pid: string): { parent: number; own: number; ended: number } | null {
  try {
    // The name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    const ticks = fields.slice(11, 15).map(Number);
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = ticks;
    return { parent: Number(fields[1]), own: user + system, ended: endedUser + endedSystem };
  } catch {
    return null;
  }
}
