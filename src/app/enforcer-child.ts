/**
 * Starts the enforcer as a process of its own, the only one that may change the firewall, connects to it, and
 * starts it again when it ends before we do.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Enforcement } from '../firewall/enforcer.ts';
import { EnforcerClient } from '../firewall/enforcer-client.ts';
import type { Log } from './log.ts';

const START_MS = 10_000;
const OLD_END_MS = 3_000;
/** Until the first attempt to start one that has ended; twice as long for each that fails, up to the second. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export interface EnforcerChild {
  /** Null: the firewall cannot be changed here. */
  readonly enforcement: Enforcement | null;
  /** Why the firewall cannot be changed now; null: it can. */
  readonly reason: string | null;
  stop(): Promise<void>;
}

export interface EnforcerChildOptions {
  /** The configuration wants one. */
  readonly enabled: boolean;
  readonly dataDir: string;
  readonly log: Log;
  /** The enforcer had ended and is there again: it has the firewall's own memory and no other. */
  readonly onRestart: () => Promise<void>;
}

/** Never throws for want of permission: `reason` says what is missing. */
export async function startEnforcer(options: EnforcerChildOptions): Promise<EnforcerChild> {
  const { enabled, dataDir, log, onRestart } = options;
  if (!enabled) return without('the enforcer is off in the configuration');
  const socketPath = join(dataDir, 'enforcer', 'enforcer.sock');
  const client = new EnforcerClient({ socketPath });
  await awaitEndOfOld(socketPath, client);
  const first = await launch(socketPath, client);
  if (typeof first === 'string') {
    log.debug({ reason: first }, 'no enforcer');
    return without(first);
  }
  let child = first;
  let reason: string | null = null;
  const stopping = new AbortController();

  async function watch(): Promise<void> {
    await exited(child);
    let pause = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      reason = 'the enforcer has ended and is being started again';
      log.error(reason);
      await sleep(pause, null, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      const next = await launch(socketPath, client);
      if (typeof next === 'string') {
        pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
        reason = next;
        continue;
      }
      child = next;
      pause = FIRST_PAUSE_MS;
      reason = null;
      await onRestart().catch((error: unknown) => log.error({ err: error }, 'restoring blocks'));
      await exited(child);
    }
  }
  const watching = watch();

  return {
    enforcement: client,
    get reason() {
      return reason;
    },
    async stop() {
      stopping.abort();
      await client.close();
      await end(child);
      await watching;
    },
  };
}

function without(reason: string): EnforcerChild {
  return { enforcement: null, reason, stop: async () => {} };
}

/** The enforcer of a server that was killed a moment ago ends by itself. */
async function awaitEndOfOld(socketPath: string, client: EnforcerClient): Promise<void> {
  const deadline = Date.now() + OLD_END_MS;
  while (existsSync(socketPath) && (await answers(client)) && Date.now() < deadline)
    await sleep(100);
}

/** The process, once it answers, or why there is none. */
async function launch(socketPath: string, client: EnforcerClient): Promise<ChildProcess | string> {
  const main = fileURLToPath(new URL(`../cli/main.${EXTENSION}`, import.meta.url));
  const child = spawn(
    process.execPath,
    [main, 'enforcer', '--socket', socketPath, '--until-stdin-ends'],
    {
      // The pipe ends with us, however we end, and the enforcer with it.
      stdio: ['pipe', 'ignore', 'pipe'],
      // Ctrl-C is for us to handle: the firewall goes last.
      detached: true,
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-2_000);
  });
  child.on('error', (error) => {
    said = error.message;
  });
  const deadline = Date.now() + START_MS;
  while (isAlive(child) && Date.now() < deadline) {
    if (existsSync(socketPath) && (await answers(client)) && isAlive(child)) return child;
    await sleep(50);
  }
  await end(child);
  const line = said.trim().split('\n').at(-1) ?? '';
  return line.replace(/^phantomnet: /, '') || 'the enforcer does not answer';
}

async function answers(client: EnforcerClient): Promise<boolean> {
  try {
    await client.open();
    return true;
  } catch {
    return false;
  }
}

/** A process that could not be made has no id. */
function isAlive(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function exited(child: ChildProcess): Promise<void> {
  if (isAlive(child)) await new Promise((resolve) => child.once('exit', resolve));
}

async function end(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return;
  const gone = exited(child);
  child.kill('SIGTERM');
  await gone;
}
