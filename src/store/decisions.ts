/** Decisions: what should happen, to whom, until when, and what became of it. */
import type { z } from 'zod';
import type { DecisionPage, DecisionQuery } from '../contract/api.ts';
import type { Decision } from '../contract/decision.ts';
import { cleanText, cleanTextOrNull } from './clean-text.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';

const COLUMNS = `id, action, ip, reason, alert_id, simulated, state, detail, created_at, expires_at,
  created_by, number`;

type Row = Omit<Decision, 'created_at' | 'expires_at'> & {
  created_at: Date;
  expires_at: Date | null;
  number: number;
};

/** False where there is one with this id: then nothing changes. */
export async function insertDecision(db: Queryable, decision: Decision): Promise<boolean> {
  const rows = await db.query(
    `INSERT INTO decisions (id, action, ip, reason, alert_id, simulated, state, detail, created_at,
       expires_at, created_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING RETURNING id`,
    [
      decision.id,
      decision.action,
      decision.ip,
      cleanText(decision.reason),
      decision.alert_id,
      decision.simulated,
      decision.state,
      cleanTextOrNull(decision.detail),
      decision.created_at,
      decision.expires_at,
      decision.created_by,
    ],
  );
  return rows.length === 1;
}

/** The changed decision, or null where there is none. What is absent from `change` stays. */
export async function updateDecision(
  db: Queryable,
  id: string,
  change: Partial<Pick<Decision, 'state' | 'detail' | 'expires_at'>>,
): Promise<Decision | null> {
  const [row] = await db.query<Row>(
    `UPDATE decisions SET
       state = coalesce($2, state),
       ended_at = CASE WHEN $2 IN ('removed', 'expired') THEN now() ELSE ended_at END,
       detail = CASE WHEN $3 THEN $4 ELSE detail END,
       expires_at = CASE WHEN $5 THEN $6 ELSE expires_at END
     WHERE id = $1 RETURNING ${COLUMNS}`,
    [
      id,
      change.state ?? null,
      change.detail !== undefined,
      cleanTextOrNull(change.detail ?? null),
      change.expires_at !== undefined,
      change.expires_at ?? null,
    ],
  );
  return row ? present(row) : null;
}

export async function getDecision(db: Queryable, id: string): Promise<Decision | null> {
  const [row] = await db.query<Row>(`SELECT ${COLUMNS} FROM decisions WHERE id = $1`, [id]);
  return row ? present(row) : null;
}

/** Whether an alert ever led to a decision, whatever became of that. */
export async function hasDecision(db: Queryable, alertId: string): Promise<boolean> {
  const rows = await db.query('SELECT 1 FROM decisions WHERE alert_id = $1 LIMIT 1', [alertId]);
  return rows.length > 0;
}

/** One page, newest first. @throws AppError `invalid_request` for a cursor that is not ours. */
export async function listDecisions(
  db: Queryable,
  query: z.infer<typeof DecisionQuery>,
): Promise<DecisionPage> {
  const filter = new Filter().equal('state', query.state);
  if (query.before !== undefined) filter.add('number < ?', decodeCursor(query.before).tie);
  const found = await db.query<Row>(
    `SELECT ${COLUMNS} FROM decisions ${filter.where} ORDER BY number DESC LIMIT ${query.limit + 1}`,
    filter.values,
  );
  const { rows, next } = pageOf(found, query.limit, ({ number }) => ({ key: 0, tie: number }));
  return { decisions: rows.map(present), next };
}

/** Pending, active and simulated ones whose time is not over at `now`: what an enforcer restores after a start. */
export async function activeDecisions(db: Queryable, now: Date): Promise<Decision[]> {
  const rows = await db.query<Row>(
    `SELECT ${COLUMNS} FROM decisions WHERE state IN ('pending', 'active', 'simulated')
       AND (expires_at IS NULL OR expires_at > $1) ORDER BY number`,
    [now],
  );
  return rows.map(present);
}

/** Sets those whose time is over at `now` to `expired` and returns them. */
export async function expireDecisions(db: Queryable, now: Date): Promise<Decision[]> {
  const rows = await db.query<Row>(
    `UPDATE decisions SET state = 'expired', ended_at = expires_at
     WHERE state IN ('pending', 'active', 'simulated')
       AND expires_at <= $1 RETURNING ${COLUMNS}`,
    [now],
  );
  return rows.map(present);
}

function present({ number: _number, created_at, expires_at, ...row }: Row): Decision {
  return {
    ...row,
    created_at: created_at.toISOString(),
    expires_at: expires_at?.toISOString() ?? null,
  };
}
