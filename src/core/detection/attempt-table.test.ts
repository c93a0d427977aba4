import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttemptTable } from './attempt-table.ts';

/** The same by maps: their order is that of insertion. */
class Model {
  evictions = 0;
  readonly series = new Map<number, Map<number, number>>();
  readonly #maxAttempts: number;
  readonly #maxSeries: number;

  constructor(maxAttempts: number, maxSeries: number) {
    this.#maxAttempts = maxAttempts;
    this.#maxSeries = maxSeries;
  }

  note(key: number, what: number, ts: number): void {
    const attempts = this.series.get(key) ?? new Map<number, number>();
    if (!this.series.delete(key) && this.series.size === this.#maxSeries) this.#evict();
    this.series.set(key, attempts);
    attempts.set(what, ts);
    while (this.size > this.#maxAttempts) this.#evict();
  }

  get size(): number {
    return [...this.series.values()].reduce((sum, attempts) => sum + attempts.size, 0);
  }

  #evict(): void {
    const [key] = this.series.keys();
    if (key !== undefined) this.series.delete(key);
    this.evictions++;
  }
}

const key = fc.integer({ min: 0, max: 11 }).map((n) => n * 4_294_967_291);
const what = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(2 ** 40 + 1));
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: fc.constant('note' as const), key, what }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), key, what }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('prune' as const), key, what }) },
);

describe('AttemptTable', () => {
  it('does what maps do, whatever is noted, answered and forgotten', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const table = new AttemptTable(25, 6);
        const model = new Model(25, 6);
        for (const [ts, { does, key, what }] of steps.entries()) {
          const series = table.find(key);
          if (does === 'note') {
            table.note(series < 0 ? table.begin(key) : series, what, ts);
            model.note(key, what, ts);
          } else if (does === 'remove') {
            if (series >= 0) table.remove(series, what);
            model.series.get(key)?.delete(what);
          } else if (series >= 0) {
            const attempts = model.series.get(key) ?? new Map<number, number>();
            let last = Number.NaN;
            for (const [port, at] of attempts) {
              if (at >= ts - 10) break;
              attempts.delete(port);
              last = at;
            }
            expect(table.prune(series, ts - 10)).toBe(last);
          }
          expect(table.evictions).toBe(model.evictions);
          for (const [known, attempts] of model.series) {
            const found = table.find(known);
            expect(found).toBeGreaterThanOrEqual(0);
            expect(table.series.size[found]).toBe(attempts.size);
          }
        }
      }),
    );
  });

  it('names what was touched once, in order, and not what is gone', () => {
    const table = new AttemptTable(100, 2);
    const note = (key: number) => {
      const series = table.find(key);
      table.note(series < 0 ? table.begin(key) : series, 80, 1);
    };
    for (const key of [1, 2, 1, 3]) note(key);
    expect(table.takeTouched().map((series) => table.series.key[series])).toEqual([1, 3]);
    expect(table.takeTouched()).toEqual([]);
  });

  it('grows with its attempts', () => {
    const table = new AttemptTable(100_000, 100);
    const series = table.begin(7);
    for (let port = 0; port < 50_000; port++) table.note(series, port, port);
    expect(table.series.size[series]).toBe(50_000);
    expect(table.prune(series, 49_990)).toBe(49_989);
    expect(table.series.size[series]).toBe(10);
  });
});
