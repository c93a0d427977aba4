/**
 * Keeps the store within its budget: bytes first, then days.
 *
 * Over the budget, tiers are given up in order (packets, flows, 5 s, 30 s, 180 s windows, what is in quarantine,
 * alerts), the oldest partition of a tier first; the newest one of each tier, which is being written, stays. A partition's age
 * counts from the end of its span or from when it was made, whichever is later: a replayed capture of
 * 2005 is as young as its replay. One of the future, from a broken clock, gets no longer life than others.
 *
 * Of packets, the evidence of open alerts stays, up to a cap of its own (`pinned-evidence.ts`). Where there is an
 * archive, packets and flows go there before they are dropped. While it cannot be written they wait, until the
 * budget is reached: bytes come before the archive, and then the longest waiting are dropped and counted.
 */
import { ARCHIVED, type ArchivedTier } from './archive/archive-columns.ts';
import { archivePartition } from './archive/archive-partition.ts';
import type { ArchiveTarget } from './archive/archive-place.ts';
import {
  detachPartition,
  dropExpired,
  type ExpiredPartition,
  expiredPartitions,
} from './archive/expired-partitions.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { pinEvidence, unpinEvidence } from './pinned-evidence.ts';
import { emptyOldest, quarantineCap } from './quarantine.ts';
import { thinQuietAlerts } from './quiet-alerts.ts';
import { TIERS, type Tier } from './tiers.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Waiting longer for a reader would make everybody wait: the next run tries again. */
const LOCK_TIMEOUT = '5s';
/** Of the quarantine without its batches: at most a thousand reasons. */
const MAX_QUARANTINE_ROWS_BYTES = 4 * 1024 ** 2;
/** Lists of places of spools that were begun anew long ago. */
const OFFSET_DAYS = 180;

export interface RetentionLimits {
  /** Of the whole database, its indexes included; the write-ahead log (at most 512 MB) is not. */
  readonly maxBytes: number;
  readonly packetHours: number;
  readonly flowDays: number;
  /** 5 s windows. */
  readonly windowDays: number;
  readonly windowDays30s: number;
  /** 180 s windows and the roll-ups. */
  readonly windowDays180s: number;
  readonly alertDays: number;
  /** Of the packets that are kept longer because an open alert points to them. */
  readonly pinnedBytes: number;
}

export const DEFAULT_RETENTION: RetentionLimits = {
  maxBytes: 20 * 1024 ** 3,
  packetHours: 72,
  flowDays: 14,
  windowDays: 3,
  windowDays30s: 14,
  windowDays180s: 90,
  alertDays: 365,
  pinnedBytes: 256 * 1024 ** 2,
};

interface Dropped {
  readonly tier: Tier['name'] | 'quarantine' | 'alerts';
  /** The partition, or the table whose oldest rows went. */
  readonly name: string;
  readonly bytes: number;
  readonly because: 'bytes' | 'age';
}

export interface RetentionReport {
  readonly dropped: readonly Dropped[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Partitions that were in use and will be tried again. */
  readonly postponed: number;
  /** Files written to the archive. */
  readonly archived: readonly string[];
  /** Partitions that wait for the archive, and why; null: nothing is wrong with it. */
  readonly waiting: number;
  readonly archiveTrouble: string | null;
  /** Rows that went without having been archived, by the names of their partitions. */
  readonly unarchived: readonly string[];
}

interface Partition {
  readonly name: string;
  readonly ageFrom: Date;
  readonly bytes: number;
  readonly isDefault: boolean;
}

/**
 * @param now the clock's time: ages are counted to it.
 * @param options.archive where packets and flows go; null: they are dropped.
 */
export async function applyRetention(
  db: Database,
  limits: RetentionLimits,
  now: Date,
  { archive = null }: { archive?: ArchiveTarget | null } = {},
): Promise<RetentionReport> {
  const run = new Run(db, limits, now, archive);
  const bytesBefore = await databaseBytes(db);
  await run.archiveWaiting();
  await unpinEvidence(db, limits.pinnedBytes);
  await run.emptyQuarantine(quarantineCap(limits.maxBytes));
  let excess = (await databaseBytes(db)) - limits.maxBytes;
  excess -= await run.dropUnarchived(excess);
  for (const tier of Object.values(TIERS)) {
    if (excess <= 0) break;
    for (const partition of await oldestFirst(db, tier, 'all but the newest')) {
      if (excess <= 0) break;
      excess -= await run.drop(tier, partition, 'bytes');
      excess -= await run.dropUnarchived(excess);
    }
  }
  if (excess > 0) excess -= await run.emptyQuarantine(0);
  if (excess > 0) await run.thinAlerts(excess);

  for (const [tier, keepMs] of [
    [TIERS.packets, limits.packetHours * HOUR_MS],
    [TIERS.flows, limits.flowDays * DAY_MS],
    [TIERS.windows_5s, limits.windowDays * DAY_MS],
    [TIERS.windows_30s, limits.windowDays30s * DAY_MS],
    [TIERS.windows_180s, limits.windowDays180s * DAY_MS],
  ] as const) {
    for (const partition of await oldestFirst(db, tier, 'all')) {
      if (now.getTime() - partition.ageFrom.getTime() > keepMs) {
        await run.drop(tier, partition, 'age');
      }
    }
  }
  await run.dropOldRows(limits);
  const { dropped, postponed, archived, unarchived, archiveTrouble } = run;
  return {
    ...{ dropped, postponed, archived, unarchived, archiveTrouble, bytesBefore },
    bytesAfter: await databaseBytes(db),
    waiting: (await expiredPartitions(db)).length,
  };
}

/** What `maxBytes` limits. */
export async function databaseBytes(db: Queryable): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    'SELECT pg_database_size(current_database()) AS bytes',
  );
  return row?.bytes ?? 0;
}

class Run {
  readonly dropped: Dropped[] = [];
  readonly archived: string[] = [];
  readonly unarchived: string[] = [];
  archiveTrouble: string | null = null;
  postponed = 0;
  readonly #db: Database;
  readonly #limits: RetentionLimits;
  readonly #now: Date;
  readonly #archive: ArchiveTarget | null;

  constructor(db: Database, limits: RetentionLimits, now: Date, archive: ArchiveTarget | null) {
    this.#db = db;
    this.#limits = limits;
    this.#now = now;
    this.#archive = archive;
  }

  /** Returns the bytes that came free. */
  async drop(tier: Tier, partition: Partition, because: Dropped['because']): Promise<number> {
    const { name, bytes, isDefault } = partition;
    if (isDefault && (await isEmpty(this.#db, name))) return 0;
    let pinned = 0;
    try {
      await this.#db.transaction(async (tx) => {
        await tx.query(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
        const isPinnable = tier === TIERS.packets && !isDefault;
        const pin = isPinnable ? await pinEvidence(tx, name, this.#limits.pinnedBytes) : null;
        pinned = pin?.bytes ?? 0;
        await this.#takeOut(tx, tier, partition);
        await pin?.putBack();
      });
    } catch (error) {
      // A reader or a batch holds it. Anything else is not ours to swallow.
      if ((error as { code?: string }).code !== 'overloaded') throw error;
      this.postponed++;
      return 0;
    }
    this.#db.partitions.forget();
    this.dropped.push({ tier: tier.name, name, bytes, because });
    if (pinned > 0) this.#db.counters.partitionsPinned++;
    const archivedBytes = this.#isArchived(tier) ? await this.archiveWaiting() : bytes;
    return archivedBytes - pinned;
  }

  async #takeOut(tx: Transaction, tier: Tier, { name, isDefault }: Partition): Promise<void> {
    if (this.#isArchived(tier)) await detachPartition(tx, tier, { name, isDefault });
    else if (isDefault) await tx.query(`TRUNCATE ${name}`);
    else await tx.query(`DROP TABLE ${name}`);
    if (!isDefault) await tx.query('DELETE FROM store_partitions WHERE name = $1', [name]);
  }

  #isArchived(tier: Tier): boolean {
    return this.#archive !== null && tier.name in ARCHIVED;
  }

  /** Returns the bytes that came free. After a failure it is not tried again in this run. */
  async archiveWaiting(): Promise<number> {
    let freed = 0;
    for (const expired of await expiredPartitions(this.#db)) {
      if (this.#archive === null || this.archiveTrouble !== null) break;
      // Such as one all of whose packets stay as evidence: there is nothing to archive.
      if (await isEmpty(this.#db, expired.name)) {
        await dropExpired(this.#db, expired);
        freed += expired.bytes;
        continue;
      }
      try {
        const file = await archivePartition(
          this.#db.config,
          this.#archive,
          tierOf(expired),
          expired,
          this.#db.place?.number,
        );
        this.archived.push(file.path);
      } catch (error) {
        // Whatever it is: the rows are still here, and the caller says so.
        this.archiveTrouble = error instanceof Error ? error.message : String(error);
        break;
      }
      await dropExpired(this.#db, expired);
      this.#db.counters.partitionsArchived++;
      freed += expired.bytes;
    }
    return freed;
  }

  /** Those waiting for an archive that cannot be written, until `excess` bytes are free. Returns what came free. */
  async dropUnarchived(excess: number): Promise<number> {
    let freed = 0;
    for (const expired of await expiredPartitions(this.#db)) {
      if (freed >= excess) break;
      await dropExpired(this.#db, expired);
      this.#db.counters.partitionsUnarchived++;
      this.unarchived.push(expired.partition);
      freed += expired.bytes;
    }
    return freed;
  }

  /** Of the quarantine, all above `capBytes`, the oldest first. Returns the bytes that came free. */
  async emptyQuarantine(capBytes: number): Promise<number> {
    const { batches, bytes } = await emptyOldest(this.#db, capBytes);
    this.#db.counters.quarantinedEmptied += batches;
    if (batches > 0) this.dropped.push(emptied(bytes));
    const before = await tableBytes(this.#db, 'quarantined_batches');
    // Also what went while batches came has left its room behind.
    if (before <= 2 * capBytes + MAX_QUARANTINE_ROWS_BYTES) return 0;
    await this.#db.query('VACUUM FULL quarantined_batches');
    return before - (await tableBytes(this.#db, 'quarantined_batches'));
  }

  /** The oldest alerts, as many as hold about `excess` bytes. */
  async thinAlerts(excess: number): Promise<void> {
    const [table] = await this.#db.query<{ rows: number; bytes: number }>(
      `SELECT count(*) AS rows, pg_total_relation_size('detected_alerts') AS bytes FROM detected_alerts`,
    );
    if (!table || table.rows === 0) return;
    const count = Math.min(table.rows, Math.ceil((excess / table.bytes) * table.rows));
    await this.#db.query(
      `DELETE FROM detected_alerts WHERE id IN
         (SELECT id FROM detected_alerts ORDER BY last_seen, number LIMIT $1)`,
      [count],
    );
    await this.#db.query('VACUUM FULL detected_alerts');
    const bytes = Math.round((count / table.rows) * table.bytes);
    this.dropped.push({ tier: 'alerts', name: 'detected_alerts', bytes, because: 'bytes' });
  }

  /** Small tables that have no partitions. Alerts age by when they were stored, as partitions do. */
  async dropOldRows(limits: RetentionLimits): Promise<void> {
    const alerts = await this.#db.query(
      `DELETE FROM detected_alerts WHERE created_at < $1
         AND to_timestamp(last_seen) < $1 RETURNING id`,
      [this.#before(limits.alertDays)],
    );
    if (alerts.length > 0) {
      this.dropped.push({ tier: 'alerts', name: 'detected_alerts', bytes: 0, because: 'age' });
    }
    const rollupsBefore = this.#before(limits.windowDays180s);
    for (const [table, column] of [
      ['traffic_stats', 'timestamp'],
      ['traffic_by_protocol', 'minute'],
      ['traffic_by_attack', 'minute'],
      ['traffic_by_source', 'minute'],
    ]) {
      // The newest day stays, however old: it is what a replayed capture shows.
      await this.#db.query(
        `DELETE FROM ${table} WHERE ${column} < $1
           AND ${column} < (SELECT max(timestamp) - interval '1 day' FROM traffic_stats)`,
        [rollupsBefore],
      );
    }
    await thinQuietAlerts(this.#db, this.#now);
    const lureBefore = this.#before(limits.alertDays);
    await this.#db.query('DELETE FROM alert_actions WHERE at < $1', [lureBefore]);
    await this.#db.query(
      'DELETE FROM suppressions WHERE least(removed_at, expires_at) < $1 AND created_at < $1',
      [lureBefore],
    );
    await this.#db.query('DELETE FROM lure_events WHERE at < $1', [lureBefore]);
    await this.#db.query('DELETE FROM lure_sessions WHERE last_at < $1', [lureBefore]);
    await this.#db.query('DELETE FROM sessions WHERE expires_at < $1', [this.#now]);
    await this.#db.query('DELETE FROM ingest_offsets WHERE updated_at < $1', [
      this.#before(OFFSET_DAYS),
    ]);
  }

  #before(days: number): Date {
    return new Date(this.#now.getTime() - days * DAY_MS);
  }
}

async function oldestFirst(
  db: Database,
  tier: Tier,
  which: 'all' | 'all but the newest',
): Promise<Partition[]> {
  const partitions = await db.query<Partition & Record<string, unknown>>(
    `SELECT name, lower = '-infinity' AS "isDefault",
       CASE WHEN upper = 'infinity' THEN written_at
            ELSE greatest(written_at, least(upper, written_at + (upper - lower))) END AS "ageFrom",
       pg_total_relation_size(name::regclass) AS bytes
     FROM store_partitions WHERE parent = $1 AND NOT is_pinned ORDER BY "ageFrom", lower`,
    [tier.parent],
  );
  return which === 'all' ? partitions : partitions.slice(0, -1);
}

function emptied(bytes: number): Dropped {
  return { tier: 'quarantine', name: 'quarantined_batches', bytes, because: 'bytes' };
}

async function tableBytes(db: Database, table: string): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    'SELECT pg_total_relation_size($1::regclass) AS bytes',
    [table],
  );
  return row?.bytes ?? 0;
}

async function isEmpty(db: Database, table: string): Promise<boolean> {
  const rows = await db.query(`SELECT 1 FROM ${table} LIMIT 1`);
  return rows.length === 0;
}

function tierOf({ parent }: ExpiredPartition): ArchivedTier {
  return parent === TIERS.packets.parent ? 'packets' : 'flows';
}
