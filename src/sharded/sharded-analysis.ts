/**
 * An analysis by several threads, with the output of one: this thread shares out the frames, the shards decode
 * them, keep flows and count windows' parts, and what they measured is put together and investigated here.
 *
 * `MAX_ROUNDS` are on their way at a time, and those of the chunk just read, each with a slot for every shard. The
 * output is the same for any number of shards as long as no table is full: each shard has tables, and their caps,
 * of its own.
 */
import type { AnalysisOutput } from '../contract/analysis.ts';
import type { AnalysisCounts, AnalysisOptions } from '../core/engine/analysis.ts';
import { FrameDispatch, type Round } from '../core/shards/frame-dispatch.ts';
import { RoundMerge } from '../core/shards/round-merge.ts';
import type { WireFrame } from '../core/wire/frame.ts';
import { ShardThread } from './shard-thread.ts';

const MAX_ROUNDS = 4;

export interface ShardedOptions extends AnalysisOptions {
  /** The file that `judge` was made from. */
  readonly model: Uint8Array | null;
  readonly shards: number;
}

export class ShardedAnalysis {
  readonly #threads: readonly ShardThread[];
  readonly #dispatch: FrameDispatch;
  readonly #merge: RoundMerge;
  /** Rounds that are on their way, each after the one before it. */
  readonly #rounds: Promise<void>[] = [];

  constructor(options: ShardedOptions) {
    const { sensorId, shards, judge, caps, limits } = options;
    const { model: bytes } = options;
    const model = judge && bytes && { bytes, falseAlarmsPerDay: judge.falseAlarmsPerDay };
    const data = { sensorId, model, ...(caps && { caps }), ...(limits && { limits }) };
    this.#threads = Array.from({ length: shards }, () => new ShardThread(data));
    this.#dispatch = new FrameDispatch(shards, caps);
    this.#merge = new RoundMerge(options, shards);
  }

  /** Takes in a frame: it is copied. */
  push(frame: WireFrame): void {
    const full = this.#dispatch.push(frame);
    if (full) this.#send(full);
  }

  /** Waits until there is room for another round. @throws what a thread failed with */
  async ready(): Promise<void> {
    while (this.#rounds.length >= MAX_ROUNDS) await this.#rounds.shift();
  }

  /** What has come out since the last call. */
  take(): AnalysisOutput {
    return this.#merge.take();
  }

  /** Ends everything that is open: the capture is over. @throws what a thread failed with */
  async finish(): Promise<void> {
    if (this.#dispatch.packets === 0) return;
    const rest = this.#dispatch.take();
    if (rest) this.#send(rest);
    await Promise.all(this.#rounds.splice(0));
    this.#merge.finish(await Promise.all(this.#threads.map((thread) => thread.finish())));
  }

  /** Ends the threads, whatever they are doing. */
  async end(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  get counts(): AnalysisCounts {
    const { packets, latePackets, outOfOrderPackets } = this.#dispatch;
    return { packets, latePackets, outOfOrderPackets, evictions: this.#merge.evictions };
  }

  #send(round: Round): void {
    const before = this.#rounds.at(-1);
    const measured = Promise.all(
      round.shares.map(({ slot, order }, shard) => this.#threadOf(shard).measure(slot, order)),
    );
    const merged = Promise.all([measured, before]).then(([each]) => {
      this.#merge.add(round, each);
      this.#dispatch.giveBack(round);
    });
    // Whoever waits for the round hears of it; until then it is nobody's.
    merged.catch(() => {});
    this.#rounds.push(merged);
  }

  #threadOf(shard: number): ShardThread {
    const thread = this.#threads[shard];
    if (thread === undefined) throw new RangeError(`There is no shard ${shard}`);
    return thread;
  }
}
