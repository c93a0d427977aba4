/**
 * Partitions that were taken out of their table and wait to be archived. From the moment they are out nothing
 * more can be written into them, so the file has every row; queries do not see them any more. They stay
 * through a crash, and the next run of retention goes on with them.
 */
import type { Database, Queryable, Transaction } from '../database.ts';
import type { Tier } from '../tiers.ts';

export interface ExpiredPartition {
  readonly number: number;
  /** The table that holds the rows. */
  readonly name: string;
  readonly parent: string;
  /** As it was called. */
  readonly partition: string;
  /** Null: of the default partition. */
  readonly lower: Date | null;
  readonly expiredAt: Date;
  readonly bytes: number;
}

/** In the transaction that takes it out of its table. A default partition is replaced by an empty one. */
export async function detachPartition(
  tx: Transaction,
  tier: Tier,
  partition: { readonly name: string; readonly isDefault: boolean },
): Promise<number> {
  const { name, isDefault } = partition;
  const [row] = await tx.query<{ number: number }>(
    `INSERT INTO expired_partitions (parent, partition, lower, upper)
     SELECT parent, name, lower, upper FROM store_partitions WHERE name = $1 RETURNING number`,
    [name],
  );
  const number = row?.number ?? 0;
  await tx.query(`ALTER TABLE ${tier.parent} DETACH PARTITION ${name}`);
  await tx.query(`ALTER TABLE ${name} RENAME TO expired_${number}`);
  if (isDefault) {
    await tx.query(`CREATE TABLE ${name} (LIKE ${tier.parent} INCLUDING ALL)`);
    await tx.query(`ALTER TABLE ${tier.parent} ATTACH PARTITION ${name} DEFAULT`);
  }
  return number;
}

/** The longest waiting first. */
export async function expiredPartitions(db: Queryable): Promise<ExpiredPartition[]> {
  return db.query<ExpiredPartition & Record<string, unknown>>(
    `SELECT number, 'expired_' || number AS name, parent, partition, nullif(lower, '-infinity') AS lower,
       expired_at AS "expiredAt",
       pg_total_relation_size(('expired_' || number)::regclass) AS bytes
     FROM expired_partitions ORDER BY number`,
  );
}

export async function dropExpired(db: Database, { number, name }: ExpiredPartition): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(`DROP TABLE ${name}`);
    await tx.query('DELETE FROM expired_partitions WHERE number = $1', [number]);
  });
}
