/** The tiers that are archived, their columns as Parquet has them, and which column their rows are ordered by. */
import type { SchemaElement } from 'hyparquet';
import type { ShownType } from '../columns.ts';
import { FLOW_TABLE } from '../flow-table.ts';
import { SHOWN_PACKET_COLUMNS, type ShownColumn } from '../packet-columns.ts';

export const ARCHIVED = {
  packets: { columns: SHOWN_PACKET_COLUMNS, time: 'captured_at', tie: 'id' },
  flows: { columns: FLOW_TABLE.columns.map(asItIs), time: 'last_seen', tie: 'id_num' },
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

const PHYSICAL: Record<ShownType, Omit<SchemaElement, 'name'>> = {
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
  return ARCHIVED[tier].columns.map(({ name, sql, read }) => ({
    name,
    element: { name, repetition_type: 'OPTIONAL', ...PHYSICAL[sql] },
    sql: sql === 'timestamptz' ? `(extract(epoch FROM ${read}) * 1000000)::int8` : read,
    isBigInt: sql === 'int8' || sql === 'timestamptz',
  }));
}

function asItIs({ name, sql }: (typeof FLOW_TABLE.columns)[number]): ShownColumn {
  return { name, sql: sql as ShownType, read: `"${name}"` };
}
