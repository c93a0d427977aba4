/** Suppressions as people make and take them back. How they are matched: `hidden-alerts.ts`. */
import { randomUUID } from 'node:crypto';
import {
  MAX_SUPPRESSIONS,
  type Suppression,
  type SuppressionOrder,
} from '../contract/suppression.ts';
import {
  type Suppressible,
  type SuppressionRule,
  Suppressor,
} from '../core/response/suppression.ts';
import { AppError } from '../errors.ts';
import { cleanText } from './clean-text.ts';
import type { Database, Queryable } from './database.ts';
import { holdAlerts, markStored } from './hidden-alerts.ts';
import { storedAlerts } from './stored-alerts.ts';
import { ruleOf } from './suppression-rule.ts';

const MAX_LISTED = 1000;
/** What a new suppression hides at once of what is stored: of so many days, at most the newest 50,000 alerts. */
const APPLIED_DAYS = 30;

const IN_FORCE = 'removed_at IS NULL AND expires_at > now()';
const COLUMNS = `id, alert_type, source, target, port, sensor_id, reason, created_at, created_by, expires_at,
  removed_at, removed_by, (${IN_FORCE}) AS in_force, hits.hit_count, hits.last_hit`;
const HITS = `CROSS JOIN LATERAL (SELECT count(*) AS hit_count, max(last_seen) AS last_hit
  FROM detected_alerts WHERE suppressed_by = s.id) AS hits`;

type Row = Omit<Suppression, 'created_at' | 'expires_at' | 'removed_at'> & {
  created_at: Date;
  expires_at: Date;
  removed_at: Date | null;
};

/** Those in force, newest first; with `all` also those that are over. */
export async function listSuppressions(db: Queryable, all: boolean): Promise<Suppression[]> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM suppressions AS s ${HITS} ${all ? '' : `WHERE ${IN_FORCE}`}
     ORDER BY s.number DESC LIMIT ${MAX_LISTED}`,
  );
  return rows.map(present);
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
  return db.transaction(async (tx) => {
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
    return getSuppression(tx, rule.id);
  });
}

/** What it hid and no other hides is seen again. @throws AppError `not_found`; `conflict` where it is over. */
export async function removeSuppression(
  db: Database,
  id: string,
  by: string,
): Promise<Suppression> {
  return db.transaction(async (tx) => {
    await holdAlerts(tx);
    const removed = await tx.query(
      `UPDATE suppressions SET removed_at = now(), removed_by = $2 WHERE id = $1 AND ${IN_FORCE} RETURNING id`,
      [id, cleanText(by)],
    );
    const suppression = await getSuppression(tx, id);
    if (removed.length === 0)
      throw new AppError('conflict', `Cannot remove suppression ${id}: it is over already`);
    await markOthers(tx, id);
    return suppression;
  });
}

async function hideStored(tx: Queryable, rule: SuppressionRule): Promise<void> {
  const suppressor = new Suppressor([rule]);
  const { alerts } = await storedAlerts(tx, { days: APPLIED_DAYS, rule });
  await markStored(
    tx,
    alerts.filter((alert) => suppressor.match(alert) !== null),
  );
}

/** An alert keeps the mark of what hid it, also when that is over; only what another one hides gets a new one. */
async function markOthers(tx: Queryable, id: string): Promise<void> {
  const hidden = await tx.query<Suppressible & { id: string }>(
    `SELECT id, alert_type, source_ip, destination_ip, destination_port, sensor_id
     FROM detected_alerts WHERE suppressed_by = $1`,
    [id],
  );
  await markStored(tx, hidden);
}

/** @throws AppError `not_found` */
async function getSuppression(db: Queryable, id: string): Promise<Suppression> {
  const [row] = await db.query<Row>(
    `SELECT ${COLUMNS} FROM suppressions AS s ${HITS} WHERE s.id = $1`,
    [id],
  );
  if (!row) throw new AppError('not_found', `There is no suppression ${id}`);
  return present(row);
}

function present({ created_at, expires_at, removed_at, ...row }: Row): Suppression {
  return {
    ...row,
    created_at: created_at.toISOString(),
    expires_at: expires_at.toISOString(),
    removed_at: removed_at?.toISOString() ?? null,
  };
}
