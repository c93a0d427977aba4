import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NumberArray } from '../../contract/number-array.ts';
import { loadColumns, saveColumns } from './columns-state.ts';
import { StateError } from './state-error.ts';
import { StateReader } from './state-reader.ts';
import { StateWriter } from './state-writer.ts';

const array: fc.Arbitrary<NumberArray> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.int16Array({ maxLength: 40 }),
  fc.uint32Array({ maxLength: 40 }),
  fc.float64Array({ maxLength: 40 }),
);
const value = fc.oneof(
  fc.double(),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }),
  array,
);
type Value = number | string | NumberArray;

function write(values: readonly Value[]): Uint8Array {
  const writer = new StateWriter();
  for (const each of values) {
    if (typeof each === 'number') writer.number(each);
    else if (typeof each === 'string') writer.text(each);
    else writer.array(each);
  }
  return writer.bytes();
}

/** Reads values of the same kinds. */
function read(bytes: Uint8Array, like: readonly Value[]): Value[] {
  const reader = new StateReader(bytes);
  const values = like.map((each) => {
    if (typeof each === 'number') return reader.number();
    if (typeof each === 'string') return reader.text();
    const target = each.slice().fill(0);
    expect(reader.array(target)).toBe(each.length);
    return target;
  });
  reader.end();
  return values;
}

describe('StateReader', () => {
  it('reads what was written, to the bit', () => {
    fc.assert(
      fc.property(fc.array(value), (values) => {
        expect(read(write(values), values)).toEqual(values);
      }),
    );
  });

  it('reads what does not fit one piece', () => {
    const large = Float64Array.from({ length: 100_000 }, (_, index) => index / 3);
    const values = [1, large, 'ü'.repeat(70_000), large.subarray(7)];
    expect(read(write(values), values)).toEqual(values);
  });

  it('refuses, and throws nothing else, whatever is missing or changed', () => {
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1 }),
        fc.array(value, { minLength: 1 }),
        fc.nat(),
        (values, others, cut) => {
          const bytes = write(values);
          expect(() => read(bytes.subarray(0, cut % bytes.length), values)).toThrow(StateError);
          try {
            read(bytes, others);
          } catch (error) {
            if ((error as Error).name !== 'AssertionError')
              expect(error).toBeInstanceOf(StateError);
          }
        },
      ),
    );
  });

  it('allocates nothing for what is only announced', () => {
    const writer = new StateWriter();
    writer.array(new Float64Array(4));
    const bytes = writer.bytes();
    new DataView(bytes.buffer).setUint32(2, 0xffffffff, true);
    expect(() => new StateReader(bytes).numbers()).toThrow('it ends too early');
  });
});

describe('columns', () => {
  const table = (capacity: number) => ({
    capacity,
    id: new Float64Array(capacity),
    words: new Uint32Array(4 * capacity),
  });

  function saved(from: object, rows: number, capacity: number): StateReader {
    const writer = new StateWriter();
    saveColumns(writer, from, rows, capacity);
    return new StateReader(writer.bytes());
  }

  it('come back into a table of another capacity', () => {
    const from = table(8);
    from.id.set([1, 2, 3]);
    from.words.fill(7);
    const to = table(4);
    loadColumns(saved(from, 3, 8), to, 3, 4);
    expect([...to.id]).toEqual([1, 2, 3, 0]);
    expect([...to.words]).toEqual([...new Array(12).fill(7), 0, 0, 0, 0]);
  });

  it('are refused under another name, and with another number of rows', () => {
    const { words, ...rest } = table(8);
    expect(() => loadColumns(saved(table(8), 3, 8), { ...rest, letters: words }, 3, 8)).toThrow(
      'a column words, not letters',
    );
    expect(() => loadColumns(saved(table(8), 3, 8), table(8), 2, 8)).toThrow(StateError);
  });
});
