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

type Row = [minute: number, key: string, ...sums: number[]];

/** Of each batch what it alone would add, whichever others are written with it. */
export async function writeRollups(
  tx: Queryable,
  db: Database,
  batches: readonly AnalysedBatch[],
): Promise<void> {
  const sums = {
    stats: new Sums(),
    protocols: new Sums(),
    attacks: new Sums(),
    sources: new Sums(),
  };
  for (const batch of batches)
    for (const [at, minute] of addUp(batch)) {
      const { packets, malicious, bytes, flows } = minute;
      sums.stats.add([at, '', packets, malicious, bytes, flows]);
      for (const [code, of] of minute.byProtocol.entries())
        if (of.packets > 0) sums.protocols.add([at, PROTOCOLS[code] ?? '', of.packets, of.bytes]);
      // Holes, where a kind did not occur, are skipped by `forEach`.
      minute.byAttack.forEach((count, kind) => {
        sums.attacks.add([at, ALERT_KIND_NAMES[kind] ?? '', count]);
      });
      for (const source of topSources([...minute.bySource.values()])) {
        const { src, ipVersion } = batch.packets;
        const ip = formatIp(src, 4 * source.row, ipVersion[source.row] as number);
        sums.sources.add([at, ip, source.packets, source.malicious, source.bytes]);
      }
    }
  await sums.stats.write(
    tx,
    `INSERT INTO traffic_stats AS t (timestamp, total_packets, malicious_packets, total_bytes, flows)
     SELECT to_timestamp(m), p, x, b, f
     FROM unnest($1::float8[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[]) AS u(m, k, p, x, b, f)
     ON CONFLICT (timestamp) DO UPDATE SET
       total_packets = t.total_packets + excluded.total_packets,
       malicious_packets = t.malicious_packets + excluded.malicious_packets,
       total_bytes = t.total_bytes + excluded.total_bytes,
       flows = t.flows + excluded.flows`,
  );
  await sums.protocols.write(
    tx,
    `INSERT INTO traffic_by_protocol AS t (minute, protocol, packets, bytes)
     SELECT to_timestamp(m), k, p, b FROM unnest($1::float8[], $2::text[], $3::int8[], $4::int8[]) AS u(m, k, p, b)
     ON CONFLICT (minute, protocol) DO UPDATE SET
       packets = t.packets + excluded.packets, bytes = t.bytes + excluded.bytes`,
  );
  await sums.attacks.write(
    tx,
    `INSERT INTO traffic_by_attack AS t (minute, attack_type, packets)
     SELECT to_timestamp(m), k, p FROM unnest($1::float8[], $2::text[], $3::int8[]) AS u(m, k, p)
     ON CONFLICT (minute, attack_type) DO UPDATE SET packets = t.packets + excluded.packets`,
  );
  await sums.sources.write(
    tx,
    `INSERT INTO traffic_by_source AS t (minute, src_ip, packets, malicious, bytes, country)
     SELECT to_timestamp(m), ip, p, x, b, c
     FROM unnest($1::float8[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::text[]) AS u(m, ip, p, x, b, c)
     ON CONFLICT (minute, src_ip) DO UPDATE SET
       packets = t.packets + excluded.packets,
       malicious = t.malicious + excluded.malicious,
       bytes = t.bytes + excluded.bytes`,
    ([, ip]) => db.geolocation.countryOf(ip),
  );
}

/** Rows of one roll-up, those of the same minute and key added up: a statement may change a row once. */
class Sums {
  readonly #rows = new Map<string, Row>();

  add(row: Row): void {
    const [minute, key, ...more] = row;
    const id = `${minute} ${key}`;
    const known = this.#rows.get(id);
    if (known === undefined) this.#rows.set(id, row);
    else
      for (const [at, value] of more.entries()) known[at + 2] = (known[at + 2] as number) + value;
  }

  /** @param last what stands behind the sums. */
  async write(tx: Queryable, sql: string, last?: (row: Row) => unknown): Promise<void> {
    if (this.#rows.size === 0) return;
    // In the order of the keys everywhere: two transactions at once then wait for each other and never deadlock.
    const rows = [...this.#rows.values()].sort(
      ([minuteA, a], [minuteB, b]) => minuteA - minuteB || (a < b ? -1 : 1),
    );
    await tx.query(sql, columnsOf(last ? rows.map((row) => [...row, last(row)]) : rows));
  }
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
