/** Columns of tables whose rows come as objects: a name, a type, and where the value is. */
import type { Column } from './columns.ts';
import type { CopyBinary } from './copy-binary.ts';

type Value<Type> = Type | null;
type Rows<Row> = readonly Row[];

export function text<Row>(name: string, of: (row: Row) => Value<string>): Column<Rows<Row>> {
  return column(name, 'text', of, (out, value) => out.text(value));
}

export function int4<Row>(name: string, of: (row: Row) => Value<number>): Column<Rows<Row>> {
  return column(name, 'int4', of, (out, value) => out.int4(value));
}

export function int8<Row>(name: string, of: (row: Row) => Value<number>): Column<Rows<Row>> {
  return column(name, 'int8', of, (out, value) => out.int8(value));
}

export function float4<Row>(name: string, of: (row: Row) => Value<number>): Column<Rows<Row>> {
  return column(name, 'float4', of, (out, value) => out.float4(value));
}

export function float8<Row>(name: string, of: (row: Row) => Value<number>): Column<Rows<Row>> {
  return column(name, 'float8', of, (out, value) => out.float8(value));
}

export function bool<Row>(name: string, of: (row: Row) => Value<boolean>): Column<Rows<Row>> {
  return column(name, 'bool', of, (out, value) => out.bool(value));
}

/** From microseconds since the epoch. */
export function time<Row>(name: string, of: (row: Row) => number): Column<Rows<Row>> {
  return column(name, 'timestamptz', of, (out, value) => out.time(value));
}

function column<Row, Type>(
  name: string,
  sql: Column<Rows<Row>>['sql'],
  of: (row: Row) => Value<Type>,
  write: (out: CopyBinary, value: Type) => void,
): Column<Rows<Row>> {
  return {
    name,
    sql,
    bind: (rows) => (out, index) => {
      const value = of(rows[index] as Row);
      if (value === null) out.null();
      else write(out, value);
    },
  };
}
