/** Suppressions as people make and take them back. How they are matched: `hidden-alerts.ts`. */
import { randomUUID } from 'node:crypto';
import {
  MAX_SUPPRESSIONS,
  type Suppression,
  type SuppressionOrder,
} from '../contract/suppression.ts';
import { AppError } from '../errors.ts';
import { hideStored, markOthers } from './apply-suppression.ts';
import { cleanText } from './clean-text.ts';
import type { Database, Queryable } from './database.ts';
import { holdAlerts } from './hidden-alerts.ts';
import { copySuppressions } from './shards/copy-suppressions.ts';
import { overShards } from './shards/over-shards.ts';
import { ruleOf } from './suppression-rule.ts';

const MAX_LISTED = 1000;
const IN_FORCE = 'removed_at IS NULL AND expires_at > now()';
const COLUMNS = `id, alert_type, source, target, port, sensor_id, reason, created_at, created_by, expires_at,
  removed_at, removed_by, (${IN_FORCE}) AS in_force`;

type Hits = Pick<Suppression, 'hit_count' | 'last_hit'>;
type Row = Omit<Suppression, 'created_at' | 'expires_at' | 'removed_at' | keyof Hits> & {
  created_at: Date;
  expires_at: Date;
  removed_at: Date | null;
};

/** Those in force, newest first; with `all` also those that are over. */
export async function listSuppressions(db: Queryable, all: boolean): Promise<Suppression[]> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM suppressions ${all ? '' : `WHERE ${IN_FORCE}`}
     ORDER BY number DESC LIMIT ${MAX_LISTED}`,
  );
  return withHits(db, rows);
}

/**
 * In force from now on, for what is stored and for what comes.
 * @throws AppError `invalid_request` for a network that is too wide; `conflict` where there are too many.
 */
export async function addSuppression(
  db: Database,
  order: SuppressionOrder,
  by: string,
): Promise<Suppression> {
  const rule = ruleOf(randomUUID(), order);
  await db.transaction(async (tx) => {
    await holdAlerts(tx);
    const [standing] = await tx.query<{ count: number }>(
      `SELECT count(*) FROM suppressions WHERE ${IN_FORCE}`,
    );
    if ((standing?.count ?? 0) >= MAX_SUPPRESSIONS)
      throw new AppError(
        'conflict',
        `Cannot add a suppression: ${MAX_SUPPRESSIONS} are in force, remove one`,
      );
    await tx.query(
      `INSERT INTO suppressions (id, alert_type, source, target, port, sensor_id, reason, created_by, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 second')`,
      [
        rule.id,
        rule.alert_type,
        rule.source,
        rule.target,
        rule.port,
        rule.sensor_id,
        cleanText(order.reason),
        cleanText(by),
        order.duration_s,
      ],
    );
    await hideStored(tx, rule);
  });
  await copySuppressions(db);
  return getSuppression(db, rule.id);
}

/** What it hid and no other hides is seen again. @throws AppError `not_found`; `conflict` where it is over. */
export async function removeSuppression(
  db: Database,
  id: string,
  by: string,
): Promise<Suppression> {
  await db.transaction(async (tx) => {
    await holdAlerts(tx);
    const removed = await tx.query(
      `UPDATE suppressions SET removed_at = now(), removed_by = $2 WHERE id = $1 AND ${IN_FORCE} RETURNING id`,
      [id, cleanText(by)],
    );
    if (removed.length === 0) {
      await getSuppression(tx, id);
      throw new AppError('conflict', `Cannot remove suppression ${id}: it is over already`);
    }
    await markOthers(tx, id);
  });
  await copySuppressions(db);
  return getSuppression(db, id);
}

/** @throws AppError `not_found` */
async function getSuppression(db: Queryable, id: string): Promise<Suppression> {
  const rows = await db.query<Row>(`SELECT ${COLUMNS} FROM suppressions WHERE id = $1`, [id]);
  const [suppression] = await withHits(db, rows);
  if (!suppression) throw new AppError('not_found', `There is no suppression ${id}`);
  return suppression;
}

/** With what each has hidden, on all shards. */
async function withHits(db: Queryable, rows: readonly Row[]): Promise<Suppression[]> {
  const ids = rows.map(({ id }) => id);
  const lists = await overShards(db, (shard) =>
    shard.query<Hits & { id: string }>(
      `SELECT suppressed_by AS id, count(*) AS hit_count, max(last_seen) AS last_hit
       FROM detected_alerts WHERE suppressed_by = ANY($1) GROUP BY suppressed_by`,
      [ids],
    ),
  );
  const hits = new Map<string, Hits>();
  for (const { id, hit_count, last_hit } of lists.flat()) {
    const { hit_count: others, last_hit: last } = hits.get(id) ?? NO_HITS;
    const latest = Math.max(last ?? 0, last_hit ?? 0);
    hits.set(id, { hit_count: others + hit_count, last_hit: latest });
  }
  return rows.map((row) => present(row, hits.get(row.id) ?? NO_HITS));
}

const NO_HITS: Hits = { hit_count: 0, last_hit: null };

function present({ created_at, expires_at, removed_at, ...row }: Row, hits: Hits): Suppression {
  return {
    ...row,
    ...hits,
    created_at: created_at.toISOString(),
    expires_at: expires_at.toISOString(),
    removed_at: removed_at?.toISOString() ?? null,
  };
}
