/** Processor time that other processes have taken, from /proc: Linux only, in ticks of 10 ms. */
import { readdirSync, readFileSync } from 'node:fs';

const TICK_SECONDS = 0.01;

/** Of these processes and their children, s. NaN where the system does not tell. */
export function cpuSecondsOf(pids: readonly number[]): number {
  if (process.platform !== 'linux') return Number.NaN;
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [parent, used] = statOf(name) ?? [0, 0];
    if (pids.includes(Number(name)) || pids.includes(parent)) ticks += used;
  }
  return ticks * TICK_SECONDS;
}

function statOf(pid: string): [parent: number, ticks: number] | null {
  try {
    // The name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return [Number(fields[1]), Number(fields[11]) + Number(fields[12])];
  } catch {
    return null;
  }
}
