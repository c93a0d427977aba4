/** Starts the enforcer as a process of its own, the only one that may change the firewall, and connects to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Enforcement } from '../firewall/enforcer.ts';
import { EnforcerClient } from '../firewall/enforcer-client.ts';
import type { Log } from './log.ts';

const START_MS = 10_000;
const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

export interface EnforcerChild {
  /** Null: the firewall cannot be changed here. */
  readonly enforcement: Enforcement | null;
  readonly reason: string | null;
  stop(): Promise<void>;
}

/** Never throws for want of permission: `reason` says what is missing. */
export async function startEnforcer(dataDir: string, log: Log): Promise<EnforcerChild> {
  const socketPath = join(dataDir, 'enforcer', 'enforcer.sock');
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
  const client = new EnforcerClient({ socketPath });
  const deadline = Date.now() + START_MS;
  while (child.exitCode === null && Date.now() < deadline) {
    if (existsSync(socketPath) && (await answers(client)))
      return {
        enforcement: client,
        reason: null,
        async stop() {
          await client.close();
          await end(child);
        },
      };
    await sleep(50);
  }
  await end(child);
  const reason =
    said
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/^phantomnet: /, '') || 'the enforcer does not answer';
  log.debug({ said }, 'enforcer');
  return { enforcement: null, reason, stop: async () => {} };
}

async function answers(client: EnforcerClient): Promise<boolean> {
  try {
    await client.open();
    return true;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
