/** What a suppression that begins or ends does to the alerts that one database has. For a transaction that holds the alerts. */
import {
  type Suppressible,
  type SuppressionRule,
  Suppressor,
} from '../core/response/suppression.ts';
import type { Queryable } from './database.ts';
import { markStored } from './hidden-alerts.ts';
import { storedAlerts } from './stored-alerts.ts';

/** What a new suppression hides at once of what is stored: of so many days, at most the newest 50,000 alerts. */
const APPLIED_DAYS = 30;

export async function hideStored(tx: Queryable, rule: SuppressionRule): Promise<void> {
  const suppressor = new Suppressor([rule]);
  const { alerts } = await storedAlerts(tx, { days: APPLIED_DAYS, rule });
  await markStored(
    tx,
    alerts.filter((alert) => suppressor.match(alert) !== null),
  );
}

/** An alert keeps the mark of what hid it, also when that is over; only what another one hides gets a new one. */
export async function markOthers(tx: Queryable, id: string): Promise<void> {
  const hidden = await tx.query<Suppressible & { id: string }>(
    `SELECT id, alert_type, source_ip, destination_ip, destination_port, sensor_id
     FROM detected_alerts WHERE suppressed_by = $1`,
    [id],
  );
  await markStored(tx, hidden);
}
