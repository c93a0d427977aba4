/**
 * The memory in which `kernels/histogram.ts` counts bins: the bins of all rows, a byte each, and room for
 * one node's rows, values and sums. The fallback, the reference for its results, is `core/models/histogram.ts`.
 */
import { allocateMemory } from './allocate-memory.ts';
import { compileKernel } from './compile.ts';
import { HEX } from './histogram-wasm.ts';

/** `kernels/histogram.ts` has the same number. */
const GROUP_FEATURES = 8;
/** Behind the sums of one group. */
const WORDS_AT = 16_384;

interface Exports {
  countBins(
    values: number,
    rows: number,
    size: number,
    words: number,
    wordBytes: number,
    groups: number,
    slots: number,
    featureCount: number,
  ): void;
}

/** What is copied in: as `core/models/binning.ts` has it. */
export interface KernelBins {
  readonly rowCount: number;
  readonly featureCount: number;
  /** First sum per feature; the last entry is the number of sums. */
  readonly offsets: Int32Array;
  /** Column-major. */
  readonly columns: Uint8Array;
}

const code = compile();

export class HistogramKernel {
  /** To be filled before `count`: numbers of the rows, and what each adds. */
  readonly rows: Uint32Array;
  readonly values: Float64Array;
  /** After `count`: the sums of all bins, where the offsets say. */
  readonly sums: Float64Array;
  readonly #groups: Uint8Array;
  readonly #exports: Exports;
  readonly #places: Places;
  readonly #featureCount: number;

  private constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    places: Places,
    bins: KernelBins,
  ) {
    const { rowCount, featureCount, offsets } = bins;
    const { buffer } = memory;
    this.values = new Float64Array(buffer, places.valuesAt, rowCount);
    this.rows = new Uint32Array(buffer, places.rowsAt, rowCount);
    this.sums = new Float64Array(buffer, places.sumsAt, offsets[featureCount]!);
    this.#groups = new Uint8Array(buffer, places.groupsAt, places.groupCount);
    this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports as Exports;
    this.#places = places;
    this.#featureCount = featureCount;
    const slots = new Uint32Array(buffer, places.slotsAt, 2 * featureCount);
    for (let f = 0; f < featureCount; f++) {
      slots[2 * f] = places.sumsAt + 8 * offsets[f]!;
      slots[2 * f + 1] = offsets[f + 1]! - offsets[f]!;
    }
    copyBins(new Uint8Array(buffer, places.wordsAt), bins);
  }

  /** Null where the machine has no WebAssembly or no memory for it. */
  static create(bins: KernelBins): HistogramKernel | null {
    if (code === null) return null;
    const places = placesOf(bins);
    const memory = allocateMemory(places.end);
    return memory && new HistogramKernel(code, memory, places, bins);
  }

  /** From now on, features of groups in which no feature is in use count nothing. */
  use(isFeatureUsed: Uint8Array): void {
    this.#groups.fill(0);
    for (let f = 0; f < this.#featureCount; f++) {
      if (isFeatureUsed[f] === 1) this.#groups[Math.floor(f / GROUP_FEATURES)] = 1;
    }
  }

  /** Hot path: sums up the first `size` rows. */
  count(size: number): void {
    const { valuesAt, rowsAt, wordsAt, wordBytes, groupsAt, slotsAt } = this.#places;
    this.#exports.countBins(
      valuesAt,
      rowsAt,
      size,
      wordsAt,
      wordBytes,
      groupsAt,
      slotsAt,
      this.#featureCount,
    );
  }
}

function placesOf({ rowCount, featureCount, offsets }: KernelBins) {
  const groupCount = Math.ceil(featureCount / GROUP_FEATURES);
  const wordBytes = GROUP_FEATURES * rowCount;
  const valuesAt = WORDS_AT + groupCount * wordBytes;
  const sumsAt = valuesAt + 8 * rowCount;
  // The kernel writes two sums at a time.
  const slotsAt = sumsAt + 8 * offsets[featureCount]! + 8;
  const rowsAt = slotsAt + 8 * featureCount;
  const groupsAt = rowsAt + 4 * rowCount;
  const end = groupsAt + groupCount;
  return {
    groupCount,
    wordsAt: WORDS_AT,
    wordBytes,
    valuesAt,
    sumsAt,
    slotsAt,
    rowsAt,
    groupsAt,
    end,
  };
}
type Places = ReturnType<typeof placesOf>;

/** Of a feature, every eighth byte. */
function copyBins(bytes: Uint8Array, { rowCount, featureCount, columns }: KernelBins): void {
  for (let f = 0; f < featureCount; f++) {
    const from = f * rowCount;
    const lane = f % GROUP_FEATURES;
    let to = (f - lane) * rowCount + lane;
    for (let row = 0; row < rowCount; row++, to += GROUP_FEATURES) bytes[to] = columns[from + row]!;
  }
}

/** Null where the machine cannot: everything is counted without. */
function compile(): WebAssembly.Module | null {
  try {
    return compileKernel(HEX);
  } catch {
    return null;
  }
}
