/** The tiers that are archived, their columns as Parquet has them, and which column their rows are ordered by. */
import type { SchemaElement } from 'hyparquet';
import type { Column } from '../columns.ts';
import { FLOW_TABLE } from '../flow-table.ts';
import { PACKET_TABLE } from '../packet-table.ts';

export const ARCHIVED = {
  packets: { table: PACKET_TABLE, time: 'captured_at', tie: 'id' },
  flows: { table: FLOW_TABLE, time: 'last_seen', tie: 'id_num' },
} as const;

export type ArchivedTier = keyof typeof ARCHIVED;

export interface ArchiveColumn {
  readonly name: string;
  readonly element: SchemaElement;
  /** What is selected for it: whole numbers of 64 bits as text, times as µs since the epoch. */
  readonly sql: string;
  /** Of what the driver makes of it; null stays null. */
  readonly isBigInt: boolean;
}

const PHYSICAL: Record<Column<never>['sql'], Omit<SchemaElement, 'name'>> = {
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  bool: { type: 'BOOLEAN' },
  int2: { type: 'INT32' },
  int4: { type: 'INT32' },
  int8: { type: 'INT64' },
  float4: { type: 'FLOAT' },
  float8: { type: 'DOUBLE' },
  timestamptz: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MICROS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
  },
};

export function archiveColumns(tier: ArchivedTier): ArchiveColumn[] {
  const columns: readonly Column<never>[] = ARCHIVED[tier].table.columns;
  return columns.map(({ name, sql }) => ({
    name,
    element: { name, repetition_type: 'OPTIONAL', ...PHYSICAL[sql] },
    sql: sql === 'timestamptz' ? `(extract(epoch FROM "${name}") * 1000000)::int8` : `"${name}"`,
    isBigInt: sql === 'int8' || sql === 'timestamptz',
  }));
}
