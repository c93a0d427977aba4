/**
 * Who works on a partition: whoever holds its advisory lock, on the session that also commits. A session that ends
 * gives up the lock and its open transaction in one: nobody commits for a partition that is another's.
 */
import pg from 'pg';
import { type Database, transactionOn } from './database.ts';
import { connectionFailure } from './failure.ts';

/** First keys of two-part locks: "lease" and "work" as numbers. */
const PARTITION_LOCK = 0x6c656173;
const WORKER_LOCK = 0x776f726b;
/** A peer that is gone without a word is noticed after about 11 s: the lock is then free. */
const KEEPALIVE = `SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3`;

/** An advisory lock that is held as long as its session is. */
export interface Lease {
  /** The database, its transactions on the session that holds the lock. */
  readonly db: Database;
  /** Aborts when the session ends. */
  readonly lost: AbortSignal;
  /** Idempotent. No transaction may be open. */
  release(): Promise<void>;
}

/** Null where another holds the partition. @throws AppError `database_unavailable` */
export async function leasePartition(db: Database, partition: number): Promise<Lease | null> {
  // Through the pool first: a shard that is away, or not the one that it should be, is refused there.
  if (db.place) await db.query('SELECT 1');
  return lease(db, PARTITION_LOCK, partition);
}

/** Says that there is a worker more. @throws AppError `database_unavailable` */
export async function joinWorkers(db: Database): Promise<Lease> {
  for (;;) {
    const id = Math.floor(Math.random() * 0x7fff_ffff);
    const held = await lease(db, WORKER_LOCK, id);
    if (held) return held;
  }
}

/** How many workers are connected to this database now. */
export async function countWorkers(db: Database): Promise<number> {
  const [row] = await db.query<{ count: number }>(
    `SELECT count(*) AS count FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = $1
     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    [WORKER_LOCK],
  );
  return row?.count ?? 0;
}

async function lease(db: Database, key: number, id: number): Promise<Lease | null> {
  // Beside the pool: a lease is held for days, and must not take a place from those who wait for one.
  const client = new pg.Client(db.pool.options);
  const lost = new AbortController();
  const onEnd = () => lost.abort();
  client.on('error', onEnd);
  client.on('end', onEnd);
  let ending: Promise<void> | undefined;
  const release = () => {
    lost.abort();
    // The session ends, and whatever it holds with it.
    ending ??= client.end().catch(() => undefined);
    return ending;
  };
  try {
    await client.connect();
    await client.query(KEEPALIVE);
    const { rows } = await client.query<{ is_held: boolean }>(
      'SELECT pg_try_advisory_lock($1, $2) AS is_held',
      [key, id],
    );
    if (rows[0]?.is_held) {
      const leased: Database = { ...db, transaction: (body) => transactionOn(client, body) };
      return { db: leased, lost: lost.signal, release };
    }
  } catch (error) {
    await release();
    throw connectionFailure(error) ?? error;
  }
  await release();
  return null;
}
