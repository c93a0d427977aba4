/**
 * What people do with alerts: changed and recorded in one transaction, so that there is no change without its record.
 * An undo is an action too. It gives back what the action had changed, but not where somebody has changed the same
 * thing since.
 */
import { randomUUID } from 'node:crypto';
import type { AlertStatus } from '../contract/alert.ts';
import {
  type AlertAction,
  type AlertActionOrder,
  type AlertActionResult,
  type AlertValues,
  MAX_TRIAGED,
} from '../contract/triage.ts';
import { AppError } from '../errors.ts';
import { filterOf, newestFirst } from './alerts.ts';
import { cleanText, cleanTextOrNull } from './clean-text.ts';
import type { Database, Queryable, Transaction } from './database.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards, requireAllShards } from './shards/over-shards.ts';
import { findUser } from './users.ts';

/** Of one alert, the newest. */
const MAX_LISTED = 500;
const COLUMNS = 'action_id, alert_id, at, by, before, after, comment, undoes, undone_by';
/** What was undone, and the undoing of it, come to nothing. */
const READ_FOR_UNDO = `
  SELECT mine.*, later.by AS later_by, later.at AS later_at FROM alert_actions AS mine
  LEFT JOIN LATERAL (
    SELECT by, at FROM alert_actions AS l
    WHERE l.alert_id = mine.alert_id AND l.number > mine.number AND l.undone_by IS NULL AND l.undoes IS NULL
      AND l.after ?| ARRAY(SELECT jsonb_object_keys(mine.after))
    ORDER BY l.number DESC LIMIT 1) AS later ON true
  WHERE mine.action_id = $1 ORDER BY mine.alert_id`;

interface Current {
  readonly id: string;
  readonly status: AlertStatus;
  readonly assignee: string | null;
  readonly resolved_at: string | null;
}

/** What becomes of one alert. */
interface Step {
  readonly alertId: string;
  readonly before: AlertValues;
  readonly after: AlertValues;
  readonly comment: string | null;
}

type Row = Omit<AlertAction, 'at'> & { at: Date };
/** With the latest action on the same alert that changed the same. */
type UndoRow = Row & { later_by: string | null; later_at: Date | null };

/**
 * Changes alerts, by ids or those that a filter selects (the newest 1,000 of them). One transaction on each shard
 * that has some: where one breaks off, those before it are done, and a repeat does the rest.
 * @throws AppError `not_found` where none is there; `invalid_request` where the assignee is no user;
 * `database_unavailable` where one may be on a shard that is away.
 */
export async function actOnAlerts(
  db: Database,
  order: AlertActionOrder,
  by: string,
): Promise<AlertActionResult & { readonly ids: readonly string[] }> {
  if (typeof order.assignee === 'string' && !(await findUser(db, order.assignee)))
    throw new AppError(
      'invalid_request',
      `Cannot assign to ${order.assignee}: no user has that name`,
    );
  const { ids, isCut } = await selected(db, order);
  const comment = order.comment === undefined ? null : cleanText(order.comment);
  const now = new Date().toISOString();
  const actionId = randomUUID();
  const there = new Set<string>();
  const changed: string[] = [];
  for (const shard of await shardsWith(db, ids))
    await shard.transaction(async (tx) => {
      const alerts = await lock(tx, ids);
      const steps = alerts
        .map((alert) => ({ alertId: alert.id, ...changeOf(alert, order, now), comment }))
        .filter((step) => comment !== null || Object.keys(step.after).length > 0);
      await carryOut(tx, actionId, steps, by, null);
      for (const { id } of alerts) there.add(id);
      changed.push(...steps.map(({ alertId }) => alertId));
    });
  const missing = ids.filter((id) => !there.has(id));
  if (there.size === 0 && missing.length > 0)
    throw new AppError('not_found', `There is no alert ${missing[0]}`);
  return {
    action_id: changed.length > 0 ? actionId : null,
    changed: changed.length,
    unchanged: there.size - changed.length,
    missing,
    is_cut: isCut,
    skipped: [],
    ids: changed,
  };
}

/**
 * Takes an action back, alert by alert; on all shards or, where one is away, on none.
 * @throws AppError `not_found`; `conflict` where nothing of it can be taken back, and why.
 */
export async function undoAction(
  db: Database,
  actionId: string,
  by: string,
): Promise<AlertActionResult & { readonly ids: readonly string[] }> {
  requireAllShards(db);
  const undoId = randomUUID();
  const skipped: AlertActionResult['skipped'] = [];
  const undone: string[] = [];
  for (const shard of db.shards ?? [db])
    await shard.transaction(async (tx) => {
      const steps = await undoSteps(tx, actionId, skipped);
      await carryOut(tx, undoId, steps, by, actionId);
      if (steps.length === 0) return;
      const ids = steps.map(({ alertId }) => alertId);
      await tx.query(
        'UPDATE alert_actions SET undone_by = $2 WHERE action_id = $1 AND alert_id = ANY($3)',
        [actionId, undoId, ids],
      );
      undone.push(...ids);
    });
  if (undone.length === 0 && skipped.length === 0)
    throw new AppError('not_found', `There is no action ${actionId}`);
  if (undone.length === 0)
    throw new AppError('conflict', `Cannot undo ${actionId}: ${skipped[0]?.reason}`);
  return {
    action_id: undoId,
    changed: undone.length,
    unchanged: 0,
    missing: [],
    is_cut: false,
    skipped,
    ids: undone,
  };
}

/** What the undoing of an action does to the alerts that this database has. @param skipped gets those that it cannot be done to */
async function undoSteps(
  tx: Queryable,
  actionId: string,
  skipped: AlertActionResult['skipped'],
): Promise<Step[]> {
  const ids = await tx.query<{ alert_id: string }>(
    'SELECT alert_id FROM alert_actions WHERE action_id = $1',
    [actionId],
  );
  if (ids.length === 0) return [];
  const alerts = await lock(
    tx,
    ids.map(({ alert_id: id }) => id),
  );
  const rows = await tx.query<UndoRow>(READ_FOR_UNDO, [actionId]);
  const current = new Map(alerts.map((alert) => [alert.id, alert]));
  const steps: Step[] = [];
  for (const row of rows) {
    const alert = current.get(row.alert_id);
    const reason = alert ? obstacle(row, alert) : 'the alert is no longer kept';
    if (reason === null)
      steps.push({ alertId: row.alert_id, before: row.after, after: row.before, comment: null });
    else skipped.push({ alert_id: row.alert_id, reason });
  }
  return steps;
}

/** Newest first. */
export async function listActions(db: Queryable, alertId: string): Promise<AlertAction[]> {
  const lists = await overShards(db, (shard) =>
    shard.query<Row>(
      `SELECT ${COLUMNS} FROM alert_actions WHERE alert_id = $1 ORDER BY number DESC LIMIT ${MAX_LISTED}`,
      [alertId],
    ),
  );
  // They are where their alert is.
  return lists.flat().map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** The databases that have these alerts. @throws AppError `database_unavailable` where one may be on a shard that is away */
async function shardsWith(db: Database, ids: readonly string[]): Promise<readonly Database[]> {
  const { shards } = db;
  if (!shards) return [db];
  const found = await overShards(db, async (shard) => {
    const rows = await shard.query('SELECT 1 FROM detected_alerts WHERE id = ANY($1)', [ids]);
    return { shard, count: rows.length };
  });
  if (found.reduce((sum, { count }) => sum + count, 0) < ids.length) requireAllShards(db);
  const having = found.filter(({ count }) => count > 0).map(({ shard }) => shard);
  return shards.filter((shard) => having.includes(shard));
}

async function selected(
  db: Queryable,
  { ids, filter }: AlertActionOrder,
): Promise<{ ids: string[]; isCut: boolean }> {
  if (ids) return { ids: [...new Set(ids)], isCut: false };
  const { where, values } = filterOf(filter ?? {});
  const lists = await overShards(db, (shard) =>
    shard.query<{ id: string; last_seen: number; number: number }>(
      `SELECT id, last_seen, number FROM detected_alerts ${where}
       ORDER BY last_seen DESC, number DESC LIMIT ${MAX_TRIAGED + 1}`,
      values,
    ),
  );
  const rows = mergeSorted(lists, MAX_TRIAGED + 1, newestFirst);
  return {
    ids: rows.slice(0, MAX_TRIAGED).map(({ id }) => id),
    isCut: rows.length > MAX_TRIAGED,
  };
}

/** In the order of their ids, as everybody who writes several alerts. */
async function lock(tx: Queryable, ids: readonly string[]): Promise<Current[]> {
  const rows = await tx.query<Omit<Current, 'resolved_at'> & { resolved_at: Date | null }>(
    `SELECT id, status, assignee, resolved_at FROM detected_alerts
     WHERE id = ANY($1) ORDER BY id FOR UPDATE`,
    [ids],
  );
  return rows.map((row) => ({ ...row, resolved_at: row.resolved_at?.toISOString() ?? null }));
}

/** Only what becomes different. */
function changeOf(
  alert: Current,
  { status, assignee }: Pick<AlertActionOrder, 'status' | 'assignee'>,
  now: string,
): Pick<Step, 'before' | 'after'> {
  const before: AlertValues = {};
  const after: AlertValues = {};
  if (status !== undefined && status !== alert.status) {
    const isOver = status === 'resolved' || status === 'false_positive';
    Object.assign(before, { status: alert.status, resolved_at: alert.resolved_at });
    Object.assign(after, { status, resolved_at: isOver ? (alert.resolved_at ?? now) : null });
  }
  if (assignee !== undefined && assignee !== alert.assignee) {
    before.assignee = alert.assignee;
    after.assignee = assignee;
  }
  return { before, after };
}

async function carryOut(
  tx: Transaction,
  actionId: string,
  steps: readonly Step[],
  by: string,
  undoes: string | null,
): Promise<void> {
  if (steps.length === 0) return;
  const alertIds = steps.map(({ alertId }) => alertId);
  const afters = steps.map(({ after }) => JSON.stringify(after));
  await tx.query(
    `UPDATE detected_alerts AS t SET
       status = CASE WHEN s.after ? 'status' THEN s.after->>'status' ELSE t.status END,
       resolved_at = CASE WHEN s.after ? 'resolved_at' THEN (s.after->>'resolved_at')::timestamptz
                     ELSE t.resolved_at END,
       assignee = CASE WHEN s.after ? 'assignee' THEN s.after->>'assignee' ELSE t.assignee END
     FROM unnest($1::text[], $2::jsonb[]) AS s(id, after) WHERE t.id = s.id`,
    [alertIds, afters],
  );
  await tx.query(
    `INSERT INTO alert_actions (action_id, alert_id, by, before, after, comment, undoes)
     SELECT $1, s.id, $2, s.before, s.after, s.comment, $3
     FROM unnest($4::text[], $5::jsonb[], $6::jsonb[], $7::text[]) AS s(id, before, after, comment)
     ORDER BY s.id`,
    [
      actionId,
      cleanText(by),
      undoes,
      alertIds,
      steps.map(({ before }) => JSON.stringify(before)),
      afters,
      steps.map(({ comment }) => cleanTextOrNull(comment)),
    ],
  );
}

/** Why this part of an action cannot be taken back; null: it can. */
function obstacle(row: UndoRow, alert: Current): string | null {
  if (row.undone_by !== null) return 'it has been undone already';
  if (row.later_by !== null && row.later_at !== null)
    return `${row.later_by} has changed the alert since, at ${row.later_at.toISOString()}`;
  const isAsLeft = (['status', 'assignee'] as const).every(
    (field) => !(field in row.after) || row.after[field] === alert[field],
  );
  return isAsLeft ? null : 'the alert has changed since';
}
