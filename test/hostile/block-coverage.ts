/**
 * Which code has run, to the block, as V8 counts it: grows by what inputs reach. Counted are characters of the
 * functions' source, because V8 cuts blocks differently from time to time and characters stay. Modules have to be
 * imported after `start`: V8 counts blocks only in what it compiles from then on.
 */
import { Session } from 'node:inspector/promises';

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

type Ran = readonly {
  readonly url: string;
  readonly functions: readonly { readonly ranges: readonly Range[] }[];
}[];

interface Script {
  /** By character: which function it belongs to, the innermost; -1: none. */
  readonly owner: Int32Array;
  readonly covered: Uint8Array;
}

export class BlockCoverage {
  /** Characters that have run, and those of all functions of the watched files that were loaded. */
  covered = 0;
  total = 0;
  readonly #session = new Session();
  readonly #scripts = new Map<string, Script>();
  readonly #isWatched: (url: string) => boolean;

  /** @param folders as in `/src/core/wire/`. */
  constructor(folders: readonly string[]) {
    this.#isWatched = (url) => folders.some((folder) => url.includes(folder));
  }

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Once the modules are loaded: learns their functions. What loading them ran does not count. */
  async learn(): Promise<void> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    for (const { url, functions } of result) {
      if (!this.#isWatched(url)) continue;
      const [whole, ...inner] = functions.map(({ ranges }) => ranges[0]);
      if (!whole) continue;
      const owner = new Int32Array(whole.endOffset).fill(-1);
      // Outer functions come before the ones inside them.
      for (const range of inner)
        if (range) owner.fill(range.startOffset, range.startOffset, range.endOffset);
      this.total += owner.reduce((sum, start) => sum + Number(start >= 0), 0);
      this.#scripts.set(url, { owner, covered: new Uint8Array(whole.endOffset) });
    }
  }

  /** What ran since the call before. */
  async take(): Promise<Ran> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    return result.filter(({ url }) => this.#scripts.has(url));
  }

  /** Counts it, and answers how many characters of it had never run. */
  add(ran: Ran): number {
    const grown = this.#grow(ran, true);
    this.covered += grown;
    return grown;
  }

  /** Whether `add` would answer more than 0. */
  isNews(ran: Ran): boolean {
    return this.#grow(ran, false) > 0;
  }

  /** Where functions never ran, as file and offset of each piece. */
  uncovered(): string[] {
    return [...this.#scripts].flatMap(([url, { owner, covered }]) => {
      const isMissing = (at: number) => (owner[at] ?? -1) >= 0 && covered[at] === 0;
      return [...owner.keys()]
        .filter((at) => isMissing(at) && !isMissing(at - 1))
        .map((at) => `${url}:${at}`);
    });
  }

  #grow(ran: Ran, isKept: boolean): number {
    let grown = 0;
    for (const { url, functions } of ran) {
      const script = this.#scripts.get(url);
      if (script) for (const { ranges } of functions) grown += grow(script, ranges, isKept);
    }
    return grown;
  }

  stop(): void {
    this.#session.disconnect();
  }
}

/** The first range is the function; those inside it have counts of their own. */
function grow({ owner, covered }: Script, ranges: readonly Range[], isKept: boolean): number {
  const start = ranges[0]?.startOffset ?? 0;
  const end = ranges[0]?.endOffset ?? 0;
  const ran = new Uint8Array(end - start);
  for (const { startOffset, endOffset, count } of ranges)
    ran.fill(count > 0 ? 1 : 0, startOffset - start, endOffset - start);
  let grown = 0;
  for (let at = start; at < end; at++) {
    if (owner[at] !== start || covered[at] === 1 || ran[at - start] === 0) continue;
    if (isKept) covered[at] = 1;
    grown++;
  }
  return grown;
}
