/** One typed list of columns per table: the COPY statement, the encoder and the test against the catalogue follow it. */
import type { SqlType } from '../contract/packet-record.ts';
import type { CopyBinary } from './copy-binary.ts';

/** Above what a socket takes without asking to wait, so that no piece is overwritten before it is sent. */
const PIECE_BYTES = 128 * 1024;

/** What users of the store see. */
export type ShownType = SqlType | 'timestamptz';
export type ColumnType = ShownType | 'macaddr' | 'bytea';

/** Writes one field of row `row` of what it was bound to. */
export type FieldWriter = (out: CopyBinary, row: number) => void;

export interface Column<Source> {
  readonly name: string;
  readonly sql: ColumnType;
  /** Called once a batch: closes over the batch's arrays, so that writing a field looks nothing up. */
  readonly bind: (source: Source) => FieldWriter;
}

export interface CopyTable<Source> {
  readonly name: string;
  readonly columns: readonly Column<Source>[];
  /** `COPY … FROM STDIN (FORMAT binary)`. */
  readonly copySql: string;
}

export function copyTable<Source>(
  name: string,
  columns: readonly Column<Source>[],
): CopyTable<Source> {
  const names = columns.map((column) => `"${column.name}"`).join(', ');
  return { name, columns, copySql: `COPY ${name} (${names}) FROM STDIN (FORMAT binary)` };
}

/** Rows of one source: a table's rows may come from several. */
export interface RowsOf<Source> {
  readonly source: Source;
  readonly count: number;
}

/**
 * Encodes the rows of each part in turn, in pieces: the database reads the first while the next is made, and however
 * large the parts are, it takes the memory of a piece. Each is overwritten when the next is asked for.
 */
export function* encodeRows<Source>(
  out: CopyBinary,
  table: CopyTable<Source>,
  parts: readonly RowsOf<Source>[],
): Generator<Uint8Array> {
  out.begin();
  for (const { source, count } of parts) {
    const writers = table.columns.map((column) => column.bind(source));
    for (let row = 0; row < count; ) {
      if (out.byteLength >= PIECE_BYTES) yield out.take();
      row = encodePiece(out, writers, row, count);
    }
  }
  yield out.end();
}

/** The row after the last that it encoded. */
function encodePiece(
  out: CopyBinary,
  writers: readonly FieldWriter[],
  from: number,
  count: number,
): number {
  let row = from;
  for (; row < count && out.byteLength < PIECE_BYTES; row++) {
    out.startRow(writers.length);
    for (const write of writers) write(out, row);
  }
  return row;
}
