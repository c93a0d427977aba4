/** The first row in which two batches differ in any column, whatever columns there are. */
import { type PacketBatch, TextColumn } from '../../src/contract/packet-batch.ts';

export interface Difference {
  readonly row: number;
  readonly what: string;
}

export function differenceOf(one: PacketBatch, other: PacketBatch): Difference | null {
  if (one.length !== other.length)
    return { row: Math.min(one.length, other.length), what: 'One batch has more rows' };
  const others = new Map(Object.entries(other));
  let first: Difference | null = null;
  for (const [name, column] of Object.entries(one)) {
    const row = firstRow(column, others.get(name), one.capacity, one.length);
    if (row !== null && (first === null || row < first.row))
      first = { row, what: `${name} differs in row ${row}` };
  }
  return first;
}

function firstRow(one: unknown, other: unknown, capacity: number, rows: number): number | null {
  if (one instanceof TextColumn && other instanceof TextColumn) {
    for (let row = 0; row < rows; row++) if (one.get(row) !== other.get(row)) return row;
    return null;
  }
  if (!isNumbers(one) || !isNumbers(other)) return null;
  const width = one.length / capacity;
  for (let at = 0; at < rows * width; at++)
    if (!Object.is(one[at], other[at])) return Math.floor(at / width);
  return null;
}

function isNumbers(column: unknown): column is Float64Array {
  return ArrayBuffer.isView(column) && 'length' in column;
}
