/**
 * Which databases make up a store, and which of them each is: recorded in each when the store is set up, and compared at
 * every start. A partition's rows and its position lie on the shard that its number leads to, so with another
 * number of shards, or two of them swapped, the stream would be stored a second time, elsewhere.
 */
import { randomUUID } from 'node:crypto';
import { AppError } from '../../errors.ts';
import type { Database, Queryable } from '../database.ts';

/** "shrd" as a number: two processes do not set up the same store at once. */
const LOCK = 0x73687264;
/** What a sequence counts by where there is one database, and from where. */
const SEQUENCES = [
  { name: 'packet_block', step: 65_536, first: 0 },
  { name: 'detected_alerts_number_seq', step: 1, first: 1 },
  { name: 'alert_actions_number_seq', step: 1, first: 1 },
  { name: 'quarantined_batches_id_seq', step: 1, first: 1 },
] as const;

export interface ShardIdentity {
  readonly store: string;
  readonly number: number;
  readonly count: number;
  readonly is_complete: boolean;
}

/**
 * Sets the store up where that has not been done, or not to its end: for that all shards must answer.
 * @param others shards 1 and up, migrated by `prepare` before they are looked into
 * @returns what is recorded in the home
 * @throws AppError `config_invalid` where the databases are not those of this store; `database_unavailable`
 */
export async function claimShards(
  home: Database,
  others: readonly Database[],
  prepare: (shard: Database) => Promise<unknown>,
): Promise<ShardIdentity> {
  const count = others.length + 1;
  const expected = { number: 0, count };
  const known = await readIdentity(home);
  if (known) requireFitting(known, { ...expected, store: known.store });
  if (known?.is_complete) return known;
  for (const other of others) await prepare(other);
  const identity = known ?? (await claimHome(home, others));
  // What is cut off here goes on at the next start.
  for (const [index, other] of others.entries())
    await claimOther(other, { ...identity, number: index + 1, is_complete: true });
  await home.query('UPDATE shard_identity SET is_complete = true');
  return { ...identity, is_complete: true };
}

/** @throws AppError `config_invalid` where the database is not this part of the store */
export async function checkShard(shard: Queryable, expected: ShardIdentity): Promise<void> {
  const recorded = await readIdentity(shard);
  if (!recorded)
    throw wrong(
      expected,
      'it is empty. What was there is not: give back the database that was, or restore it from its backup',
    );
  requireFitting(recorded, expected);
}

async function readIdentity(db: Queryable): Promise<ShardIdentity | null> {
  const [row] = await db.query<ShardIdentity & Record<string, unknown>>(
    'SELECT store, number, count, is_complete FROM shard_identity',
  );
  return row ?? null;
}

async function claimHome(home: Database, others: readonly Database[]): Promise<ShardIdentity> {
  const count = others.length + 1;
  return home.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const taken = await readIdentity(tx);
    if (taken) return taken;
    if (count > 1) await requireNoData(tx, { number: 0, count });
    for (const [index, other] of others.entries())
      await requireNoData(other, { number: index + 1, count });
    const identity = { store: randomUUID(), number: 0, count, is_complete: false };
    await record(tx, identity);
    return identity;
  });
}

async function claimOther(other: Database, identity: ShardIdentity): Promise<void> {
  await other.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    const recorded = await readIdentity(tx);
    if (recorded) requireFitting(recorded, identity);
    else await record(tx, identity);
  });
}

async function record(tx: Queryable, identity: ShardIdentity): Promise<void> {
  const { store, number, count, is_complete } = identity;
  await tx.query(
    'INSERT INTO shard_identity (store, number, count, is_complete) VALUES ($1, $2, $3, $4)',
    [store, number, count, is_complete],
  );
  if (count > 1) await numberApart(tx, identity);
}

/** Rows that pages are sorted by get numbers that no other shard gives: so a page's end means the same everywhere. */
export async function numberApart(
  tx: Queryable,
  { number, count }: Pick<ShardIdentity, 'number' | 'count'>,
): Promise<void> {
  for (const { name, step, first } of SEQUENCES) {
    const [sequence] = await tx.query<{ last: number; isCalled: boolean; increment: number }>(
      `SELECT last_value AS last, is_called AS "isCalled",
         (SELECT seqincrement FROM pg_sequence WHERE seqrelid = '${name}'::regclass) AS increment
       FROM ${name}`,
    );
    const stride = step * count;
    if (!sequence || sequence.increment === stride) continue;
    const least = sequence.isCalled ? sequence.last + sequence.increment : sequence.last;
    const mine = first + number * step;
    const next = mine + Math.ceil(Math.max(0, least - mine) / stride) * stride;
    await tx.query(`ALTER SEQUENCE ${name} INCREMENT BY ${stride} RESTART WITH ${next}`);
  }
}

function requireFitting(
  recorded: ShardIdentity,
  expected: Omit<ShardIdentity, 'is_complete'>,
): void {
  if (recorded.store !== expected.store)
    throw wrong(expected, `it is shard ${recorded.number} of another store`);
  if (recorded.count !== expected.count)
    throw wrong(
      expected,
      `the store was set up with ${databases(recorded.count)}, and that cannot be changed: the configuration names ${expected.count}`,
    );
  if (recorded.number !== expected.number)
    throw wrong(
      expected,
      `it is shard ${recorded.number}: give the databases in the order in which the store was set up`,
    );
}

/** The rows would not be where their partitions lead to. */
async function requireNoData(
  db: Queryable,
  place: Pick<ShardIdentity, 'number' | 'count'>,
): Promise<void> {
  if (await hasData(db))
    throw wrong(place, 'it has data, and only empty databases can be made into shards');
}

async function hasData(db: Queryable): Promise<boolean> {
  const rows = await db.query(
    `SELECT 1 FROM ingest_offsets UNION ALL SELECT 1 FROM stream_offsets
     UNION ALL SELECT 1 FROM detected_alerts LIMIT 1`,
  );
  return rows.length > 0;
}

function wrong({ number, count }: Pick<ShardIdentity, 'number' | 'count'>, why: string): AppError {
  const key = number === 0 ? 'database.url' : `database.shards[${number - 1}]`;
  const what = count === 1 ? 'the store' : `shard ${number} of ${count}`;
  return new AppError('config_invalid', `Cannot use ${key} as ${what}: ${why}`);
}

function databases(count: number): string {
  return count === 1 ? '1 database' : `${count} databases`;
}
