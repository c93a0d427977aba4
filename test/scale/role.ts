/** A process of the platform that can be killed and started again with the same words. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const START_MS = 40_000;

export class Role {
  readonly #words: readonly string[];
  readonly #ready: string | null;
  #child: ChildProcess | null = null;
  said = '';
  out = '';

  /** @param ready what it says when it is up; null: nobody waits for that */
  constructor(words: readonly string[], ready: string | null) {
    this.#words = words;
    this.#ready = ready;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [...this.#words], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      this.said += chunk.toString('utf8');
    });
    child.stdout.on('data', (chunk: Buffer) => {
      this.out += chunk.toString('utf8');
    });
    const deadline = Date.now() + START_MS;
    while (this.#ready !== null && !said.includes(this.#ready)) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`It did not come up:\n${said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child !== null && child.exitCode === null && child.signalCode === null;
  }

  async exited(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
}
