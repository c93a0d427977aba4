/**
 * What a batch adds to the roll-ups by minute. Added up in memory, then one additive upsert a table in the
 * batch's transaction: charts read a few hundred rows instead of millions of packets.
 */
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import type { AnalysedBatch } from '../contract/analysis.ts';
import { PROTOCOLS } from '../contract/packet-batch.ts';
import { formatIp } from '../core/wire/address.ts';
import { clampMicros } from './copy-binary.ts';
import type { Database, Queryable } from './database.ts';
import { isMalicious } from './packet-verdict.ts';

const MINUTE_MICROS = 60_000_000;
/** Of each batch and minute that many sources by packets, and as many by malicious packets. */
const TOP_SOURCES = 20;

interface Minute {
  packets: number;
  malicious: number;
  bytes: number;
  flows: number;
  readonly byProtocol: { packets: number; bytes: number }[];
  readonly byAttack: number[];
  /** By the address as a number (IPv4) or text (IPv6): at most as many as the batch has rows. */
  readonly bySource: Map<number | string, Source>;
}

interface Source {
  readonly row: number;
  packets: number;
  malicious: number;
  bytes: number;
}

export async function writeRollups(
  tx: Queryable,
  db: Database,
  batch: AnalysedBatch,
): Promise<void> {
  const minutes = addUp(batch);
  // In the order of the keys everywhere: two batches at once then wait for each other and never deadlock.
  const sorted = [...minutes].sort(([a], [b]) => a - b);
  if (sorted.length === 0) return;
  await tx.query(
    `INSERT INTO traffic_stats AS t (timestamp, total_packets, malicious_packets, total_bytes, flows)
     SELECT to_timestamp(m), p, x, b, f
     FROM unnest($1::float8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[]) AS u(m, p, x, b, f)
     ON CONFLICT (timestamp) DO UPDATE SET
       total_packets = t.total_packets + excluded.total_packets,
       malicious_packets = t.malicious_packets + excluded.malicious_packets,
       total_bytes = t.total_bytes + excluded.total_bytes,
       flows = t.flows + excluded.flows`,
    columnsOf(
      sorted.map(([m, { packets, malicious, bytes, flows }]) => [
        m,
        packets,
        malicious,
        bytes,
        flows,
      ]),
    ),
  );
  await writeProtocols(tx, sorted);
  await writeAttacks(tx, sorted);
  await writeSources(tx, db, batch, sorted);
}

function addUp(batch: AnalysedBatch): Map<number, Minute> {
  const { packets, verdicts } = batch;
  const minutes = new Map<number, Minute>();
  let start = -1;
  let minute = emptyMinute();
  for (let row = 0; row < packets.length; row++) {
    const at = minuteOf(packets.tsMicros[row] as number);
    if (at !== start) {
      start = at;
      minute = entry(minutes, at);
    }
    const bytes = packets.wireLength[row] as number;
    const malicious = isMalicious(verdicts, row) ? 1 : 0;
    minute.packets++;
    minute.malicious += malicious;
    minute.bytes += bytes;
    const protocol = minute.byProtocol[packets.protocol[row] as number];
    if (protocol) {
      protocol.packets++;
      protocol.bytes += bytes;
    }
    const kind = verdicts.attackKind[row] as number;
    if (kind >= 0) minute.byAttack[kind] = (minute.byAttack[kind] ?? 0) + 1;
    addSource(minute, batch, row, bytes, malicious);
  }
  for (const flow of batch.flows) entry(minutes, minuteOf(flow.lastSeenMicros)).flows++;
  return minutes;
}

function addSource(
  minute: Minute,
  { packets }: AnalysedBatch,
  row: number,
  bytes: number,
  malicious: number,
): void {
  const version = packets.ipVersion[row] as number;
  if (version === 0) return;
  const key =
    version === 4 ? (packets.src[4 * row + 3] as number) : formatIp(packets.src, 4 * row, version);
  const source = minute.bySource.get(key);
  if (source === undefined) {
    minute.bySource.set(key, { row, packets: 1, malicious, bytes });
  } else {
    source.packets++;
    source.malicious += malicious;
    source.bytes += bytes;
  }
}

async function writeProtocols(tx: Queryable, minutes: [number, Minute][]): Promise<void> {
  const rows = minutes.flatMap(([m, { byProtocol }]) =>
    byProtocol
      .map(({ packets, bytes }, code) => [m, PROTOCOLS[code] ?? '', packets, bytes] as const)
      .filter(([, , packets]) => packets > 0),
  );
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO traffic_by_protocol AS t (minute, protocol, packets, bytes)
     SELECT to_timestamp(m), k, p, b FROM unnest($1::float8[], $2::text[], $3::int8[], $4::int8[]) AS u(m, k, p, b)
     ON CONFLICT (minute, protocol) DO UPDATE SET
       packets = t.packets + excluded.packets, bytes = t.bytes + excluded.bytes`,
    columnsOf(rows),
  );
}

async function writeAttacks(tx: Queryable, minutes: [number, Minute][]): Promise<void> {
  const rows = minutes.flatMap(([m, { byAttack }]) =>
    // Holes, where a kind did not occur, are skipped by `flatMap`.
    byAttack.flatMap((packets, kind) => [[m, ALERT_KIND_NAMES[kind] ?? '', packets] as const]),
  );
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO traffic_by_attack AS t (minute, attack_type, packets)
     SELECT to_timestamp(m), k, p FROM unnest($1::float8[], $2::text[], $3::int8[]) AS u(m, k, p)
     ON CONFLICT (minute, attack_type) DO UPDATE SET packets = t.packets + excluded.packets`,
    columnsOf(rows),
  );
}

async function writeSources(
  tx: Queryable,
  db: Database,
  { packets }: AnalysedBatch,
  minutes: [number, Minute][],
): Promise<void> {
  const rows = minutes.flatMap(([m, { bySource }]) =>
    [...topSources([...bySource.values()])]
      .map((source) => {
        const { row } = source;
        const ip = formatIp(packets.src, 4 * row, packets.ipVersion[row] as number);
        const country = db.geolocation.countryOf(ip);
        return [m, ip, country, source.packets, source.malicious, source.bytes] as const;
      })
      .sort(([, a], [, b]) => (a < b ? -1 : 1)),
  );
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO traffic_by_source AS t (minute, src_ip, country, packets, malicious, bytes)
     SELECT to_timestamp(m), ip, c, p, x, b
     FROM unnest($1::float8[], $2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[]) AS u(m, ip, c, p, x, b)
     ON CONFLICT (minute, src_ip) DO UPDATE SET
       packets = t.packets + excluded.packets,
       malicious = t.malicious + excluded.malicious,
       bytes = t.bytes + excluded.bytes`,
    columnsOf(rows),
  );
}

function topSources(sources: Source[]): Iterable<Source> {
  if (sources.length <= TOP_SOURCES) return sources;
  const top = new Set(sources.sort((a, b) => b.packets - a.packets).slice(0, TOP_SOURCES));
  const worst = sources.filter(({ malicious }) => malicious > 0);
  worst.sort((a, b) => b.malicious - a.malicious);
  for (const source of worst.slice(0, TOP_SOURCES)) top.add(source);
  return top;
}

function entry(minutes: Map<number, Minute>, at: number): Minute {
  let minute = minutes.get(at);
  if (minute === undefined) {
    minute = emptyMinute();
    minutes.set(at, minute);
  }
  return minute;
}

function emptyMinute(): Minute {
  return {
    packets: 0,
    malicious: 0,
    bytes: 0,
    flows: 0,
    byProtocol: PROTOCOLS.map(() => ({ packets: 0, bytes: 0 })),
    byAttack: [],
    bySource: new Map(),
  };
}

/** s since the epoch of the minute's start. */
function minuteOf(micros: number): number {
  return Math.floor(clampMicros(micros) / MINUTE_MICROS) * 60;
}

/** Rows to one array a column, for `unnest`. */
function columnsOf(rows: readonly (readonly unknown[])[]): unknown[][] {
  return (rows[0] ?? []).map((_, column) => rows.map((row) => row[column]));
}
