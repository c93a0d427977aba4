/**
 * Suppressions are made in the home and matched where alerts are written, in the same transaction: so every shard has a copy.
 * One that is away when a suppression changes gets it when it is back: before a worker writes alerts there again, and
 * from the servers every few seconds.
 */
import type { SuppressionRule } from '../../core/response/suppression.ts';
import { AppError } from '../../errors.ts';
import { hideStored, markOthers } from '../apply-suppression.ts';
import type { Database, Queryable } from '../database.ts';
import { holdAlerts } from '../hidden-alerts.ts';
import { noteMissingShard } from './missing-shards.ts';

const COLUMNS = `id, alert_type, source, target, port, sensor_id, reason, created_at, created_by, expires_at,
  removed_at, removed_by, number`;

type Row = SuppressionRule & { readonly removed_at: Date | null } & Record<string, unknown>;

/** Brings the copies up to date, those on shards that are away excepted. */
export async function copySuppressions(home: Database): Promise<void> {
  for (const shard of home.shards?.slice(1) ?? [])
    try {
      await copySuppressionsTo(shard, home);
    } catch (error) {
      if (!(error instanceof AppError) || shard.place?.away == null) throw error;
      noteMissingShard(shard.place.number);
    }
}

/** @throws AppError `database_unavailable` */
export async function copySuppressionsTo(shard: Database, home: Database): Promise<void> {
  if ((await changed(home, shard)).length === 0) return;
  await shard.transaction(async (tx) => {
    await holdAlerts(tx);
    for (const { row, isNew } of await changed(home, tx)) {
      await write(tx, row);
      if (row.removed_at !== null) await markOthers(tx, row.id);
      else if (isNew) await hideStored(tx, row);
    }
  });
}

/** What of the home is not in the copy. What is over by its time hides nothing, in neither. */
async function changed(home: Queryable, copy: Queryable): Promise<{ row: Row; isNew: boolean }[]> {
  const wanted = await home.query<Row>(
    `SELECT ${COLUMNS} FROM suppressions WHERE expires_at > now() ORDER BY number`,
  );
  const there = await copy.query<Pick<Row, 'id' | 'removed_at'>>(
    'SELECT id, removed_at FROM suppressions WHERE expires_at > now()',
  );
  const copied = new Map(there.map(({ id, removed_at }) => [id, removed_at]));
  return wanted
    .map((row) => ({ row, isNew: !copied.has(row.id) }))
    .filter(({ row, isNew }) => isNew || (row.removed_at !== null && !copied.get(row.id)));
}

async function write(tx: Queryable, row: Row): Promise<void> {
  await tx.query(
    `INSERT INTO suppressions (${COLUMNS}) OVERRIDING SYSTEM VALUE
     SELECT ${COLUMNS} FROM jsonb_populate_record(NULL::suppressions, $1::jsonb)
     ON CONFLICT (id) DO UPDATE SET removed_at = excluded.removed_at, removed_by = excluded.removed_by`,
    [JSON.stringify(row)],
  );
}
