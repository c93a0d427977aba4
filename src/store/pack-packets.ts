/**
 * Moves packets that an older version stored (`raw_packets_older`, and what of it waits for the archive) into the smaller
 * rows of migration 012: each hour in a transaction of its own, the newest first, so that it takes the disk of one hour
 * more and goes on where a crash has stopped it. Until it is done nobody uses the store: it says how far it is.
 */
import type { Database, Queryable, Transaction } from './database.ts';
import { createPartition, PARTITIONS_LOCK } from './partitions.ts';
import { TIERS } from './tiers.ts';

const OLDER = 'raw_packets_older';
const TO_INT2 = 65_536;
const TO_INT4 = 4_294_967_296;
/** `1:`, before the hash in base 64; `substr` counts from 1. */
const HASH_FROM = 3;

interface Part {
  readonly name: string;
  readonly lower: Date | null;
  readonly bytes: number;
}

/** @param say told of every hour: this takes minutes where many gigabytes are stored. */
export async function packOlderPackets(
  db: Database,
  say: (line: string) => void = () => {},
): Promise<void> {
  const [older] = await db.query<{ name: string | null }>(`SELECT to_regclass('${OLDER}') AS name`);
  if (!older || older.name === null) return;
  for (;;) {
    const parts = await unpackedParts(db);
    const [part] = parts;
    if (!part) break;
    const bytes = parts.reduce((sum, each) => sum + each.bytes, 0);
    if (bytes > 0)
      say(
        `Rewriting stored packets in a smaller form, once: ${(bytes / 1e6).toFixed(0)} MB are left, ${part.name} is next`,
      );
    await db.transaction((tx) => packPart(tx, part.name));
  }
  for (const name of await unpackedExpired(db)) await db.transaction((tx) => packExpired(tx, name));
  await db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [PARTITIONS_LOCK]);
    await tx.query(`DROP TABLE IF EXISTS ${OLDER}`);
  });
  db.partitions.forget();
}

/** The newest first; what had no partition of its own last. */
async function unpackedParts(db: Queryable): Promise<Part[]> {
  return db.query<Part & Record<string, unknown>>(
    `SELECT name, nullif(lower, '-infinity') AS lower, pg_table_size(name::regclass) AS bytes
     FROM store_partitions WHERE parent = '${OLDER}' ORDER BY store_partitions.lower DESC`,
  );
}

async function packPart(tx: Transaction, name: string): Promise<void> {
  await tx.query('SET LOCAL statement_timeout = 0');
  await tx.query('SELECT pg_advisory_xact_lock($1)', [PARTITIONS_LOCK]);
  const [part] = await tx.query<{ start: number; written_at: Date; is_pinned: boolean }>(
    `SELECT extract(epoch FROM lower)::float8 AS start, written_at, is_pinned
     FROM store_partitions WHERE name = $1 AND parent = '${OLDER}'`,
    [name],
  );
  // Another process was faster.
  if (!part) return;
  await tx.query('DELETE FROM store_partitions WHERE name = $1', [name]);
  if (Number.isFinite(part.start) && (await isMissing(tx, part.start))) {
    if (await createPartition(tx, TIERS.packets, part.start))
      await tx.query(
        `UPDATE store_partitions SET written_at = $1, is_pinned = $2
         WHERE parent = 'packets' AND extract(epoch FROM lower)::float8 = $3`,
        [part.written_at, part.is_pinned, part.start],
      );
  }
  await tx.query(`INSERT INTO packets (${COLUMNS.join(', ')}) SELECT ${VALUES} FROM ${name}`);
  await tx.query(`DROP TABLE ${name}`);
}

async function isMissing(tx: Queryable, start: number): Promise<boolean> {
  const rows = await tx.query(
    `SELECT 1 FROM store_partitions WHERE parent = 'packets' AND extract(epoch FROM lower)::float8 = $1`,
    [start],
  );
  return rows.length === 0;
}

async function unpackedExpired(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ name: string }>(
    `SELECT 'expired_' || number AS name FROM expired_partitions WHERE parent = '${OLDER}'`,
  );
  return rows.map(({ name }) => name);
}

async function packExpired(tx: Transaction, name: string): Promise<void> {
  await tx.query('SET LOCAL statement_timeout = 0');
  const marked = await tx.query(
    `UPDATE expired_partitions SET parent = 'packets'
     WHERE 'expired_' || number = $1 AND parent = '${OLDER}' RETURNING 1`,
    [name],
  );
  if (marked.length === 0) return;
  await tx.query('CREATE TABLE packed_draft (LIKE packets)');
  await tx.query(`INSERT INTO packed_draft (${COLUMNS.join(', ')}) SELECT ${VALUES} FROM ${name}`);
  await tx.query(`DROP TABLE ${name}`);
  await tx.query(`ALTER TABLE packed_draft RENAME TO ${name}`);
}

/** As it was; and what of it is written otherwise. */
const UNCHANGED =
  `captured_at, id, flow_id, length, payload_bytes, threat_score, payload_entropy, dns_qtype,
  dns_answer_count, dns_answer_size, arp_op, vlan, ip_protocol, icmp_type, icmp_code, ttl, is_malicious, dns_query,
  dns_response, protocol, src_ip, dst_ip, interface, sensor_id, app_protocol, app_detail, country, attack_type,
  decision, dns_qname, http_method, http_path, http_status_code, http_host, http_user_agent, tls_sni, ja4, hassh,
  hassh_server, anomaly, arp_psrc, arp_pdst, arp_hwsrc, arp_hwdst, tunnel, outer_src_ip, outer_dst_ip`.split(
    /,\s+/,
  );
const CHANGED = {
  seq: signed('seq', TO_INT4),
  ack: signed('ack', TO_INT4),
  src_port: signed('src_port', TO_INT2),
  dst_port: signed('dst_port', TO_INT2),
  src_mac: 'src_mac::macaddr',
  dst_mac: 'dst_mac::macaddr',
  community_id: `decode(substr(community_id, ${HASH_FROM}), 'base64')`,
  tcp_flags: `CASE WHEN tcp_flags IS NOT NULL THEN ${[
    'FIN',
    'SYN',
    'RST',
    'PSH',
    'ACK',
    'URG',
    'ECE',
    'CWR',
  ]
    .map((flag, bit) => `CASE WHEN strpos(tcp_flags, '${flag}') > 0 THEN ${1 << bit} ELSE 0 END`)
    .join(' + ')} END`,
} as const;
const COLUMNS = [...UNCHANGED, ...Object.keys(CHANGED)];
const VALUES = [...UNCHANGED, ...Object.values(CHANGED)].join(', ');

/** The bits of an unsigned number of that many values. */
function signed(column: string, values: number): string {
  return `CASE WHEN ${column} >= ${values / 2} THEN ${column} - ${values} ELSE ${column} END`;
}
