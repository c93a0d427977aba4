/**
 * Which alerts are hidden. Suppressions are matched in one place, where alerts are written; an alert keeps the mark of
 * the one that fitted, and the mark hides it for as long as that one is in force. So whatever is done with an alert
 * afterwards (shown, told, blocked for) goes by the same answer.
 */
import type { Alert } from '../contract/alert.ts';
import {
  type Suppressible,
  type SuppressionRule,
  Suppressor,
} from '../core/response/suppression.ts';
import type { Queryable } from './database.ts';
import { firstOfShards } from './shards/over-shards.ts';

/** Held shared by who writes alerts, alone by who changes suppressions: no alert slips through between the two. */
const LOCK = 0x73757070;

/** Of a row of `detected_alerts`; a literal of ours. */
export const IS_HIDDEN = `(suppressed_by IS NOT NULL AND EXISTS (SELECT 1 FROM suppressions AS hiding
  WHERE hiding.id = suppressed_by AND hiding.removed_at IS NULL AND hiding.expires_at > now()))`;

/** The alerts with the mark of the suppression in force that fits each. For the transaction that writes them. */
export async function markSuppressed(tx: Queryable, alerts: readonly Alert[]): Promise<Alert[]> {
  if (alerts.length === 0) return [];
  await tx.query('SELECT pg_advisory_xact_lock_shared($1)', [LOCK]);
  const suppressor = new Suppressor(await rulesInForce(tx));
  return alerts.map((alert) => ({ ...alert, suppressed_by: suppressor.match(alert) }));
}

/** The same for alerts that are stored. Where none fits the old mark stays: it no longer hides, and it still counts. */
export async function markStored(
  tx: Queryable,
  candidates: readonly (Suppressible & { readonly id: string })[],
): Promise<void> {
  if (candidates.length === 0) return;
  const suppressor = new Suppressor(await rulesInForce(tx));
  const marks = candidates.map((alert) => suppressor.match(alert));
  const ids = candidates.map(({ id }) => id);
  // In the order in which everybody locks alerts.
  await tx.query('SELECT 1 FROM detected_alerts WHERE id = ANY($1) ORDER BY id FOR UPDATE', [ids]);
  await tx.query(
    `UPDATE detected_alerts AS t SET suppressed_by = m.mark
     FROM unnest($1::text[], $2::text[]) AS m(id, mark)
     WHERE t.id = m.id AND m.mark IS NOT NULL AND t.suppressed_by IS DISTINCT FROM m.mark`,
    [ids, marks],
  );
}

/** Nobody writes alerts until the transaction ends. */
export async function holdAlerts(tx: Queryable): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
}

/** The suppression that hides the alert now; null: none, or there is no such alert. */
export async function suppressionOf(db: Queryable, alertId: string): Promise<string | null> {
  const found = await firstOfShards(db, async (shard) => {
    const [row] = await shard.query<{ suppressed_by: string | null }>(
      `SELECT CASE WHEN ${IS_HIDDEN} THEN suppressed_by END AS suppressed_by
       FROM detected_alerts WHERE id = $1`,
      [alertId],
    );
    return row ?? null;
  });
  return found?.suppressed_by ?? null;
}

/** The one that ends last first: when it has ended, no other hides what it hid. */
function rulesInForce(db: Queryable): Promise<SuppressionRule[]> {
  return db.query<SuppressionRule & Record<string, unknown>>(
    `SELECT id, alert_type, source, target, port, sensor_id FROM suppressions
     WHERE removed_at IS NULL AND expires_at > now() ORDER BY expires_at DESC, number`,
  );
}
