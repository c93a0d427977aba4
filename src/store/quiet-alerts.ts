/**
 * What was noticed and stayed below the alert threshold: not told, not shown, kept in brief so that a preview can say
 * what another threshold would have raised.
 */
import type { Alert } from '../contract/alert.ts';
import { MAX_PREVIEW_DAYS } from '../contract/preview.ts';
import { cleanJson } from './clean-text.ts';
import type { Queryable } from './database.ts';

/** Past it the oldest go. */
const MAX_QUIET = 50_000;
const DAY_MS = 86_400_000;

const GROWING = `alert_type, severity, source_ip, destination_ip, destination_port, sensor_id, confidence,
  proven_confidence, description, last_seen`;
const UPSERT = `
  INSERT INTO quiet_alerts (id, ${GROWING})
  SELECT id, ${GROWING} FROM jsonb_populate_recordset(NULL::quiet_alerts, $1::jsonb) ORDER BY id
  ON CONFLICT (id) DO UPDATE SET (${GROWING}) = ROW (${GROWING.replaceAll(/\w+/g, 'excluded.$&')})`;

/** Of several versions the last counts. */
export async function upsertQuietAlerts(tx: Queryable, alerts: readonly Alert[]): Promise<void> {
  if (alerts.length === 0) return;
  const latest = new Map(alerts.map((alert) => [alert.id, alert]));
  const brief = [...latest.values()].map((alert) => ({
    id: alert.id,
    alert_type: alert.alert_type,
    severity: alert.severity,
    source_ip: alert.source_ip,
    destination_ip: alert.destination_ip,
    destination_port: alert.destination_port,
    sensor_id: alert.sensor_id,
    confidence: alert.confidence,
    proven_confidence: alert.proven_confidence ?? 0,
    description: alert.description,
    last_seen: alert.last_seen,
  }));
  await tx.query(UPSERT, [cleanJson(brief)]);
}

/** Leaves what previews look at. */
export async function thinQuietAlerts(db: Queryable, now: Date): Promise<void> {
  await db.query('DELETE FROM quiet_alerts WHERE created_at < $1', [
    new Date(now.getTime() - MAX_PREVIEW_DAYS * DAY_MS),
  ]);
  await db.query(
    `DELETE FROM quiet_alerts WHERE created_at <
       (SELECT created_at FROM quiet_alerts ORDER BY created_at DESC OFFSET ${MAX_QUIET} LIMIT 1)`,
  );
}
