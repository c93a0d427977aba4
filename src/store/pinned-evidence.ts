/**
 * The packets that open alerts point to outlive their hour: where retention would drop a partition, one that
 * holds only them takes its place, so lists and searches find them where they were. When the alerts are closed
 * it goes, and when all such partitions are over their cap the oldest go; both are counted.
 *
 * Of one reference of an alert at most `ROWS_A_REFERENCE` packets stay, of a partition those of at most
 * `MAX_REFERENCES` references, newest alerts first: a flood's evidence is its beginning, not all of it.
 */
import type { PacketReference } from '../contract/alert.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { PACKED } from './packet-columns.ts';

const ROWS_A_REFERENCE = 5000;
const MAX_REFERENCES = 200;
/** They count among the partitions of their table. */
const MAX_PARTITIONS = 48;
const DRAFT = 'pinned_draft';

export interface Pin {
  readonly bytes: number;
  /** To be called when the partition has been taken out. */
  putBack(): Promise<void>;
}

/** Copies the evidence out of a partition; null where there is none, or no room for it. */
export async function pinEvidence(
  tx: Transaction,
  partition: string,
  maxBytes: number,
): Promise<Pin | null> {
  const [span] = await tx.query<{ parent: string; lower: Date; upper: Date }>(
    'SELECT parent, lower, upper FROM store_partitions WHERE name = $1',
    [partition],
  );
  if (!span) return null;
  const references = await openReferences(tx, span);
  if (references.length === 0) return null;
  const { bytes: pinned, count } = await pinnedNow(tx);
  if (pinned >= maxBytes || count >= MAX_PARTITIONS) return null;

  await tx.query('CREATE TEMP TABLE pinned_rows (at tid) ON COMMIT DROP');
  for (const reference of references) await collect(tx, partition, reference);
  await tx.query(`CREATE TABLE ${DRAFT} (LIKE ${span.parent} INCLUDING ALL)`);
  const [kept] = await tx.query<{ rows: number }>(
    `WITH kept AS (INSERT INTO ${DRAFT} SELECT * FROM ${partition}
       WHERE ctid = ANY(ARRAY(SELECT DISTINCT at FROM pinned_rows)) RETURNING 1)
     SELECT count(*) AS rows FROM kept`,
  );
  await tx.query('DROP TABLE pinned_rows');
  const [draft] = await tx.query<{ bytes: number }>(
    `SELECT pg_total_relation_size('${DRAFT}') AS bytes`,
  );
  const bytes = draft?.bytes ?? 0;
  if (kept?.rows === 0 || pinned + bytes > maxBytes) {
    await tx.query(`DROP TABLE ${DRAFT}`);
    return null;
  }
  return { bytes, putBack: () => putBack(tx, partition, span) };
}

/** Drops those without an open alert, and the oldest where all are over the cap. */
export async function unpinEvidence(db: Database, maxBytes: number): Promise<void> {
  const partitions = await db.query<{ name: string; lower: Date; upper: Date; bytes: number }>(
    `SELECT name, lower, upper, pg_total_relation_size(name::regclass) AS bytes
     FROM store_partitions WHERE is_pinned ORDER BY lower`,
  );
  let excess = partitions.reduce((sum, { bytes }) => sum + bytes, 0) - maxBytes;
  for (const { name, bytes, ...span } of partitions) {
    const isWanted = (await openReferences(db, span)).length > 0;
    if (isWanted && excess <= 0) continue;
    if (!(await drop(db, name))) continue;
    if (isWanted) db.counters.partitionsUnpinned++;
    excess -= bytes;
  }
}

/** False where somebody reads it: the next run tries again. */
async function drop(db: Database, name: string): Promise<boolean> {
  try {
    await db.transaction(async (tx) => {
      await tx.query(`SET LOCAL lock_timeout = '5s'`);
      await tx.query(`DROP TABLE ${name}`);
      await tx.query('DELETE FROM store_partitions WHERE name = $1', [name]);
    });
  } catch (error) {
    if ((error as { code?: string }).code !== 'overloaded') throw error;
    return false;
  }
  db.partitions.forget();
  return true;
}

async function openReferences(
  db: Queryable,
  { lower, upper }: { lower: Date; upper: Date },
): Promise<PacketReference[]> {
  return db.query<PacketReference & Record<string, unknown>>(
    `SELECT r.* FROM detected_alerts AS a, jsonb_to_recordset(a.packets) AS r(
       sensor_id text, first float8, last float8, src_ip text, dst_ip text, dst_port int4, protocol text)
     WHERE a.status IN ('open', 'acknowledged') AND a.last_seen >= $1
       AND r.last >= $1 AND r.first < $2 AND coalesce(r.src_ip, r.dst_ip) IS NOT NULL
     ORDER BY a.last_seen DESC, a.number DESC LIMIT ${MAX_REFERENCES}`,
    [lower.getTime() / 1000, upper.getTime() / 1000],
  );
}

/** What of a reference's columns the table has otherwise. */
const READ: Readonly<Record<string, string>> = { dst_port: PACKED.dst_port.read };

/** The first packets of a reference; each filter names a column, so that an index on an address serves. */
async function collect(
  tx: Transaction,
  partition: string,
  { sensor_id, first, last, ...filters }: PacketReference,
): Promise<void> {
  const given = Object.entries(filters).filter(([, value]) => value !== null);
  const conditions = given
    .map(([column], index) => `AND ${READ[column] ?? column} = $${index + 4}`)
    .join(' ');
  await tx.query(
    `INSERT INTO pinned_rows SELECT ctid FROM ${partition}
     WHERE captured_at >= to_timestamp($1) AND captured_at <= to_timestamp($2) AND sensor_id = $3
       ${conditions}
     ORDER BY captured_at LIMIT ${ROWS_A_REFERENCE}`,
    [first, last, sensor_id, ...given.map(([, value]) => value)],
  );
}

async function pinnedNow(tx: Queryable): Promise<{ bytes: number; count: number }> {
  const [row] = await tx.query<{ bytes: number; count: number }>(
    `SELECT coalesce(sum(pg_total_relation_size(name::regclass)), 0) AS bytes, count(*) AS count
     FROM store_partitions WHERE is_pinned`,
  );
  return row ?? { bytes: 0, count: 0 };
}

async function putBack(
  tx: Transaction,
  name: string,
  { parent, lower, upper }: { parent: string; lower: Date; upper: Date },
): Promise<void> {
  await tx.query(`ALTER TABLE ${DRAFT} RENAME TO ${name}`);
  const span = { lower: lower.toISOString(), upper: upper.toISOString() };
  await tx.query(
    `ALTER TABLE ${parent} ATTACH PARTITION ${name} FOR VALUES FROM ('${span.lower}') TO ('${span.upper}')`,
  );
  await tx.query(
    `INSERT INTO store_partitions (parent, name, lower, upper, is_pinned) VALUES ($1, $2, $3, $4, true)`,
    [parent, name, span.lower, span.upper],
  );
}
