/**
 * How the view `raw_packets` shows what the table `packets` stores: the contract's columns are texts and wide numbers,
 * a stored row is a third smaller. Columns that are not named here are stored as they are shown. The view
 * (migration 012) says the same in SQL; a test holds the archive, which reads by these, to the view.
 */
import { PACKET_COLUMNS, type SqlType, VERDICT_COLUMNS } from '../contract/packet-record.ts';
import type { ColumnType, ShownType } from './columns.ts';

export type PacketField =
  | (typeof PACKET_COLUMNS)[number]['name']
  | (typeof VERDICT_COLUMNS)[number]['name'];

/** What is shown of other columns and takes no room of its own. */
export const DERIVED = {
  timestamp: "date_part('epoch', captured_at)",
  tcp_syn: 'tcp_flags & 2 <> 0',
  tcp_ack: 'tcp_flags & 16 <> 0',
  tcp_fin: 'tcp_flags & 1 <> 0',
  tcp_rst: 'tcp_flags & 4 <> 0',
  tcp_psh: 'tcp_flags & 8 <> 0',
  ip_version: `CASE WHEN strpos(src_ip, ':') > 0 THEN 6::int2 WHEN src_ip IS NOT NULL THEN 4::int2 END`,
  threat_level: `CASE WHEN threat_score >= 0.8::float8 THEN 'HIGH' WHEN threat_score >= 0.5::float8 THEN 'MEDIUM'
    WHEN threat_score IS NOT NULL THEN 'LOW' END`,
} as const satisfies Partial<Record<PacketField, string>>;

/** What is stored in another type, and how it is read. */
export const PACKED = {
  tcp_flags: {
    sql: 'int2',
    read: `CASE WHEN tcp_flags IS NOT NULL THEN concat_ws(',', CASE WHEN tcp_flags & 1 <> 0 THEN 'FIN' END,
    CASE WHEN tcp_flags & 2 <> 0 THEN 'SYN' END, CASE WHEN tcp_flags & 4 <> 0 THEN 'RST' END,
    CASE WHEN tcp_flags & 8 <> 0 THEN 'PSH' END, CASE WHEN tcp_flags & 16 <> 0 THEN 'ACK' END,
    CASE WHEN tcp_flags & 32 <> 0 THEN 'URG' END, CASE WHEN tcp_flags & 64 <> 0 THEN 'ECE' END,
    CASE WHEN tcp_flags & 128 <> 0 THEN 'CWR' END) END`,
  },
  // Unsigned: their bits in a signed number.
  src_port: { sql: 'int2', read: 'src_port::int4 & 65535' },
  dst_port: { sql: 'int2', read: 'dst_port::int4 & 65535' },
  seq: { sql: 'int4', read: 'seq::int8 & 4294967295' },
  ack: { sql: 'int4', read: 'ack::int8 & 4294967295' },
  icmp_type: { sql: 'int2', read: 'icmp_type::int4' },
  icmp_code: { sql: 'int2', read: 'icmp_code::int4' },
  ttl: { sql: 'int2', read: 'ttl::int4' },
  src_mac: { sql: 'macaddr', read: 'src_mac::text' },
  dst_mac: { sql: 'macaddr', read: 'dst_mac::text' },
  // Its hash; the text is `1:` and that in base 64.
  community_id: { sql: 'bytea', read: "'1:' || encode(community_id, 'base64')" },
} as const satisfies Partial<Record<PacketField, { sql: ColumnType; read: string }>>;

export interface ShownColumn {
  readonly name: string;
  readonly sql: ShownType;
  readonly read: string;
}

export type StoredField = Exclude<PacketField, keyof typeof DERIVED>;

/** Beside the catalogue's. */
export const OWN_PACKET_COLUMNS = [
  { name: 'id', sql: 'int8' },
  { name: 'captured_at', sql: 'timestamptz' },
  { name: 'country', sql: 'text' },
] as const satisfies readonly { name: string; sql: ShownType }[];

/** The columns of the view in their order, and how each is read from a row of the table. */
export const SHOWN_PACKET_COLUMNS: readonly ShownColumn[] = [
  ...[...PACKET_COLUMNS, ...VERDICT_COLUMNS].map(
    ({ name, sql }: { name: PacketField; sql: SqlType }) => ({ name, sql, read: readOf(name) }),
  ),
  ...OWN_PACKET_COLUMNS.map((column) => ({ ...column, read: column.name })),
];

function readOf(name: PacketField): string {
  const derived: Partial<Record<PacketField, string>> = DERIVED;
  const packed: Partial<Record<PacketField, { read: string }>> = PACKED;
  return derived[name] ?? packed[name]?.read ?? `"${name}"`;
}
