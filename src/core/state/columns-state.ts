/**
 * The state of an object whose fields are columns: every array of it, by name, so that a column that is added
 * is kept without further ado, and one that was renamed is noticed.
 */
import type { NumberArray } from '../../contract/number-array.ts';
import { StateError } from './state-error.ts';
import type { StateReader } from './state-reader.ts';
import type { StateWriter } from './state-writer.ts';

/** The first `rows` of `capacity` rows, whatever each column's width. */
export function saveColumns(
  writer: StateWriter,
  columns: object,
  rows: number,
  capacity: number,
): void {
  for (const [name, column] of columnsOf(columns)) {
    writer.text(name);
    writer.array(column, (column.length / capacity) * rows);
  }
}

/** The same, into columns with room for them. */
export function loadColumns(
  reader: StateReader,
  columns: object,
  rows: number,
  capacity: number,
): void {
  for (const [name, column] of columnsOf(columns)) {
    const saved = reader.text();
    if (saved !== name) throw new StateError(`it has a column ${saved}, not ${name}`);
    const values = reader.array(column);
    if (values !== (column.length / capacity) * rows)
      throw new StateError(`its column ${name} has ${values} values for ${rows} rows`);
  }
}

function columnsOf(columns: object): [string, NumberArray][] {
  return Object.entries(columns).filter((entry): entry is [string, NumberArray] =>
    ArrayBuffer.isView(entry[1]),
  );
}
