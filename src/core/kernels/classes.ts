/**
 * The memory in which `kernels/classes.ts` grows a random forest's trees: the bins of all rows, a byte each, and one
 * tree's rows. The fallback, the reference for its results, is `core/models/class-splitting.ts`.
 */
import { allocateMemory } from './allocate-memory.ts';
import { HEX } from './classes-wasm.ts';
import { compileKernel } from './compile.ts';

/** Bytes of a row of the tree. */
const ENTRY = 16;
/** `kernels/classes.ts` has the same number. */
const SUMS_AT = 16_384;
const MAX_BINS = 256;
/** `TOTALS` of `kernels/classes.ts`. */
const TOTALS_AT = 64 + 16 * 256;

interface Exports {
  configure(classCount: number, leastRows: number): void;
  sumClasses(begin: number, end: number): number;
  beginNode(): void;
  tryFeature(feature: number, bins: number, missing: number, begin: number, end: number): number;
  featureOfBest(): number;
  binOfBest(): number;
  isMissingLeftOfBest(): number;
  divide(
    bins: number,
    bin: number,
    missing: number,
    begin: number,
    end: number,
    scratch: number,
  ): number;
}

/** What is copied in: as `core/models/binning.ts` has it. */
export interface KernelRows {
  readonly rowCount: number;
  readonly featureCount: number;
  /** Column-major. */
  readonly columns: Uint8Array;
  readonly cuts: readonly Float32Array[];
}

export interface KernelSplit {
  readonly feature: number;
  readonly bin: number;
  readonly isMissingLeft: boolean;
}

export class ClassKernel {
  readonly #exports: Exports;
  readonly #rowCount: number;
  readonly #columnsAt: number;
  readonly #entriesAt: number;
  readonly #scratchAt: number;
  /** Of each entry: its weight in the first eight bytes. */
  readonly #weights: Float64Array;
  /** Of each entry: number and class in the third and fourth word. */
  readonly #words: Uint32Array;
  /** Every second one is a class's weight. */
  readonly #totals: Float64Array;
  readonly #missing: Uint8Array;

  private constructor(
    memory: WebAssembly.Memory,
    places: Places,
    rows: KernelRows,
    classCount: number,
    minLeafRows: number,
  ) {
    const { buffer } = memory;
    const { rowCount, cuts } = rows;
    this.#exports = new WebAssembly.Instance(compileKernel(HEX), { env: { memory } })
      .exports as Exports;
    this.#exports.configure(classCount, minLeafRows);
    this.#rowCount = rowCount;
    this.#columnsAt = places.columnsAt;
    this.#entriesAt = places.entriesAt;
    this.#scratchAt = places.scratchAt;
    this.#weights = new Float64Array(buffer, places.entriesAt, (rowCount * ENTRY) / 8);
    this.#words = new Uint32Array(buffer, places.entriesAt, (rowCount * ENTRY) / 4);
    this.#totals = new Float64Array(buffer, TOTALS_AT, 2 * classCount);
    this.#missing = Uint8Array.from(cuts, ({ length }) => length + 1);
    new Uint8Array(buffer, places.columnsAt, rows.columns.length).set(rows.columns);
  }

  /** Null where the machine has no WebAssembly or no memory for it. */
  static create(rows: KernelRows, classCount: number, minLeafRows: number): ClassKernel | null {
    const places = placesOf(rows, classCount);
    const memory = allocateMemory(places.end);
    if (memory === null) return null;
    try {
      return new ClassKernel(memory, places, rows, classCount, minLeafRows);
    } catch {
      return null;
    }
  }

  /** Row `index` of the tree. */
  setRow(index: number, row: number, classIndex: number, weight: number): void {
    this.#weights[2 * index] = weight;
    this.#words[4 * index + 2] = row;
    this.#words[4 * index + 3] = 16 * classIndex;
  }

  /** Writes a node's weight per class to `totals`; answers how many classes it has rows of. */
  sumClasses(begin: number, end: number, totals: Float64Array): number {
    const present = this.#exports.sumClasses(this.#addressOf(begin), this.#addressOf(end));
    for (let c = 0; c < totals.length; c++) totals[c] = this.#totals[2 * c]!;
    return present;
  }

  /** Begins with the node that was last summed up. */
  beginNode(): void {
    this.#exports.beginNode();
  }

  /** Hot path: false where all rows of the node are in one bin of the feature. */
  tryFeature(feature: number, begin: number, end: number): boolean {
    const bins = this.#columnsAt + feature * this.#rowCount;
    const missing = this.#missing[feature]!;
    const [from, to] = [this.#addressOf(begin), this.#addressOf(end)];
    return this.#exports.tryFeature(feature, bins, missing, from, to) === 1;
  }

  best(): KernelSplit | null {
    const feature = this.#exports.featureOfBest();
    if (feature < 0) return null;
    const isMissingLeft = this.#exports.isMissingLeftOfBest() === 1;
    return { feature, bin: this.#exports.binOfBest(), isMissingLeft };
  }

  /** Brings the rows that go left to the front; answers where the others begin. */
  divide(begin: number, end: number, { feature, bin, isMissingLeft }: KernelSplit): number {
    const left = this.#exports.divide(
      this.#columnsAt + feature * this.#rowCount,
      bin,
      isMissingLeft ? this.#missing[feature]! : -1,
      this.#addressOf(begin),
      this.#addressOf(end),
      this.#scratchAt,
    );
    // An address above 2³¹ comes back negative.
    return ((left >>> 0) - this.#entriesAt) / ENTRY;
  }

  #addressOf(index: number): number {
    return this.#entriesAt + ENTRY * index;
  }
}

function placesOf({ rowCount, columns }: KernelRows, classCount: number) {
  const entriesAt = SUMS_AT + 16 * MAX_BINS * classCount;
  const scratchAt = entriesAt + ENTRY * rowCount;
  const columnsAt = scratchAt + ENTRY * rowCount;
  return { entriesAt, scratchAt, columnsAt, end: columnsAt + columns.length };
}
type Places = ReturnType<typeof placesOf>;
