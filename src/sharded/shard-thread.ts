/** One shard's thread, seen from the thread that shares out the frames. Answers come in the order of the requests. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { RoundSlot } from '../core/shards/round-slot.ts';
import type { ShardOrder, ShardRound } from '../core/shards/shard.ts';
import type { ShardRequest, ShardWorkerData } from './shard-worker.ts';

interface Waiting {
  readonly resolve: (round: ShardRound) => void;
  readonly reject: (error: unknown) => void;
}

export class ShardThread {
  readonly #worker: Worker;
  /** That the thread knows, by the order in which it was told. */
  readonly #slots: RoundSlot[] = [];
  readonly #waiting: Waiting[] = [];
  #failure: unknown = null;

  constructor(data: ShardWorkerData) {
    const file = `./shard-worker${extname(import.meta.url)}`;
    // What the process was started with (`--input-type`, …) need not suit a thread.
    this.#worker = new Worker(new URL(file, import.meta.url), {
      workerData: data,
      execArgv: [],
    });
    this.#worker.on('message', (round: ShardRound) => this.#waiting.shift()?.resolve(round));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) =>
      this.#fail(new Error(`A thread of the analysis ended with ${code}`)),
    );
  }

  /** The slot is the thread's until it has answered. */
  measure(slot: RoundSlot, order: ShardOrder): Promise<ShardRound> {
    let number = this.#slots.indexOf(slot);
    if (number < 0) {
      number = this.#slots.push(slot) - 1;
      this.#post({ kind: 'slot', memory: slot.memory });
    }
    return this.#ask({ kind: 'measure', slot: number, order });
  }

  finish(): Promise<ShardRound> {
    return this.#ask({ kind: 'finish' });
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: ShardRequest): Promise<ShardRound> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#post(request);
    });
  }

  #post(request: ShardRequest): void {
    this.#worker.postMessage(request);
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
