/**
 * Turns a hang into a failure: a thread that ends the process, and names the case, where no sign of life came
 * for `LIMIT_MS` of processor time (a busy machine is no hang) or ten times that by the clock. A loop that never
 * ends cannot be interrupted from the thread that runs it.
 */
import { Worker } from 'node:worker_threads';

const LIMIT_MS = 20_000;
const NAME_BYTES = 256;

const WATCH = `
const { workerData: { shared, limitMs } } = require('node:worker_threads');
const beats = new Int32Array(shared, 0, 2);
const name = Buffer.from(shared, 8);
const cpuMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
let last = -1, since = Date.now(), cpuSince = cpuMs();
setInterval(() => {
  const beat = Atomics.load(beats, 0);
  if (beat !== last) { last = beat; since = Date.now(); cpuSince = cpuMs(); return; }
  if (cpuMs() - cpuSince < limitMs && Date.now() - since < 10 * limitMs) return;
  const text = name.subarray(0, Atomics.load(beats, 1)).toString();
  require('node:fs').writeSync(2, 'Hang: no sign of life for ' + limitMs + ' ms in ' + text + '\\n');
  process.kill(process.pid, 'SIGKILL');
}, limitMs / 10);
`;

export class Watchdog {
  readonly #shared = new SharedArrayBuffer(8 + NAME_BYTES);
  readonly #beats = new Int32Array(this.#shared, 0, 2);
  readonly #name = new Uint8Array(this.#shared, 8);
  readonly #encoder = new TextEncoder();
  readonly #worker: Worker;

  constructor() {
    const workerData = { shared: this.#shared, limitMs: LIMIT_MS };
    this.#worker = new Worker(WATCH, { eval: true, workerData });
    this.#worker.unref();
  }

  /** A case begins. */
  enter(name: string): void {
    const bytes = this.#encoder.encode(name).subarray(0, NAME_BYTES);
    this.#name.set(bytes);
    Atomics.store(this.#beats, 1, bytes.length);
    this.beat();
  }

  beat(): void {
    Atomics.add(this.#beats, 0, 1);
  }

  async stop(): Promise<void> {
    await this.#worker.terminate();
  }
}
