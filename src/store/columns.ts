/** One typed list of columns per table: the COPY statement, the encoder and the test against the catalogue follow it. */
import type { SqlType } from '../contract/packet-record.ts';
import type { CopyBinary } from './copy-binary.ts';

type ColumnType = SqlType | 'timestamptz';

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

/** Encodes `count` rows of `source` into `out`, whose earlier content is lost. */
export function encodeRows<Source>(
  out: CopyBinary,
  table: CopyTable<Source>,
  source: Source,
  count: number,
): void {
  const writers = table.columns.map((column) => column.bind(source));
  out.begin();
  for (let row = 0; row < count; row++) {
    out.startRow(writers.length);
    for (const write of writers) write(out, row);
  }
}
