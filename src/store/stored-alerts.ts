/** The stored alerts of the last days in brief, for what has to look at all of them: previews, new suppressions. */
import type { Alert } from '../contract/alert.ts';
import type { SuppressionRule } from '../core/response/suppression.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';
import { IS_HIDDEN } from './hidden-alerts.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';

/** What is beyond is not looked at, and the answer says so. */
const MAX_LOOKED_AT = 50_000;

export interface StoredAlert
  extends Pick<
    Alert,
    | 'id'
    | 'alert_type'
    | 'severity'
    | 'source_ip'
    | 'destination_ip'
    | 'destination_port'
    | 'sensor_id'
    | 'confidence'
    | 'description'
    | 'last_seen'
    | 'decision'
  > {
  readonly proven_confidence: number | null;
  readonly isHidden: boolean;
}

/**
 * Newest activity first: stored in the last `days` or, by packet time, seen in them.
 * @param options.rule leaves out what its plain criteria do not fit; its networks are left to the caller.
 */
export async function storedAlerts(
  db: Queryable,
  options: { days: number; rule?: SuppressionRule },
): Promise<{ alerts: StoredAlert[]; isCut: boolean }> {
  const { days, rule } = options;
  const filter = new Filter()
    .equal('alert_type', rule?.alert_type ?? undefined)
    .equal('destination_port', rule?.port ?? undefined)
    .equal('sensor_id', rule?.sensor_id ?? undefined)
    .add(
      `(created_at >= now() - ? * interval '1 day' OR to_timestamp(last_seen) >= now() - ? * interval '1 day')`,
      days,
      days,
    );
  const lists = await overShards(db, (shard) =>
    shard.query<StoredAlert & Record<string, unknown>>(
      `SELECT id, alert_type, severity, source_ip, destination_ip, destination_port, sensor_id, confidence,
         proven_confidence, description, last_seen, decision, ${IS_HIDDEN} AS "isHidden"
       FROM detected_alerts ${filter.where} ORDER BY last_seen DESC, number DESC LIMIT ${MAX_LOOKED_AT + 1}`,
      filter.values,
    ),
  );
  const rows = mergeSorted(lists, MAX_LOOKED_AT + 1, (a, b) => b.last_seen - a.last_seen);
  return { alerts: rows.slice(0, MAX_LOOKED_AT), isCut: rows.length > MAX_LOOKED_AT };
}

/** As `storedAlerts`, of what stayed below the threshold and is no alert to this day. */
export async function storedQuietAlerts(
  db: Queryable,
  days: number,
): Promise<{ alerts: StoredAlert[]; isCut: boolean }> {
  const lists = await overShards(db, (shard) =>
    shard.query<StoredAlert & { created_at: Date }>(
      `SELECT q.id, q.alert_type, q.severity, q.source_ip, q.destination_ip, q.destination_port, q.sensor_id,
         q.confidence, q.proven_confidence, q.description, q.last_seen, 'ALLOW' AS decision, false AS "isHidden",
         q.created_at
       FROM quiet_alerts AS q WHERE q.created_at >= now() - $1 * interval '1 day'
         AND NOT EXISTS (SELECT 1 FROM detected_alerts AS a WHERE a.id = q.id)
       ORDER BY q.created_at DESC LIMIT ${MAX_LOOKED_AT + 1}`,
      [days],
    ),
  );
  const rows = mergeSorted(
    lists,
    MAX_LOOKED_AT + 1,
    (a, b) => b.created_at.getTime() - a.created_at.getTime(),
  );
  return { alerts: rows.slice(0, MAX_LOOKED_AT), isCut: rows.length > MAX_LOOKED_AT };
}
