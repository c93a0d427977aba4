/**
 * Marks packets that were stored before their alert was raised. Later ones come with their verdict.
 *
 * Only for alerts that are new, and bounded: packet time from the alert's `first_seen`, at most 15 minutes
 * back, to `detected_at`; at most 64 references a batch. What lies beyond stays unmarked and is counted.
 * The roll-ups follow, so that the charts and the rows agree.
 */
import type { Alert, PacketReference } from '../contract/alert.ts';
import type { Database, Queryable } from './database.ts';

const MAX_SPAN_S = 900;
const MAX_REFERENCES = 64;

/** The bounds stand first and are plain parameters: the planner prunes by them. */
const MARK = `
  WITH marked AS (
    UPDATE raw_packets SET
      is_malicious = true,
      threat_score = greatest(threat_score, $3::float4),
      attack_type = $4,
      decision = $5
    WHERE captured_at >= to_timestamp($1) AND captured_at <= to_timestamp($2)
      AND is_malicious IS NOT TRUE AND sensor_id = $6
      %
    RETURNING date_trunc('minute', captured_at, 'UTC') AS minute, src_ip
  ), minutes AS (
    UPDATE traffic_stats AS t SET malicious_packets = t.malicious_packets + m.count
    FROM (SELECT minute, count(*) FROM marked GROUP BY minute) AS m
    WHERE t.timestamp = m.minute
  ), attacks AS (
    INSERT INTO traffic_by_attack AS t (minute, attack_type, packets)
    SELECT minute, $4, count(*) FROM marked GROUP BY minute ORDER BY minute
    ON CONFLICT (minute, attack_type) DO UPDATE SET packets = t.packets + excluded.packets
  ), sources AS (
    UPDATE traffic_by_source AS t SET malicious = t.malicious + m.count
    FROM (SELECT minute, src_ip, count(*) FROM marked GROUP BY minute, src_ip) AS m
    WHERE t.minute = m.minute AND t.src_ip = m.src_ip
  )
  SELECT count(*)::int4 AS count FROM marked`;

export async function markPackets(
  tx: Queryable,
  db: Database,
  alerts: readonly Alert[],
): Promise<void> {
  const references = alerts.flatMap((alert) =>
    alert.packets.map((reference) => ({ alert, reference })),
  );
  db.counters.markingsSkipped += Math.max(0, references.length - MAX_REFERENCES);
  for (const { alert, reference } of references.slice(0, MAX_REFERENCES)) {
    db.counters.marked += await mark(tx, alert, reference);
  }
}

async function mark(tx: Queryable, alert: Alert, reference: PacketReference): Promise<number> {
  const first = Math.max(alert.first_seen, reference.first, alert.detected_at - MAX_SPAN_S);
  const last = Math.min(alert.detected_at, reference.last);
  const filters = [
    ['src_ip', reference.src_ip],
    ['dst_ip', reference.dst_ip],
    ['dst_port', reference.dst_port],
    ['protocol', reference.protocol],
  ].filter(([, value]) => value !== null);
  // Without any address it would mark everybody's packets.
  if (first > last || (reference.src_ip === null && reference.dst_ip === null)) return 0;
  const conditions = filters.map(([column], index) => `AND ${column} = $${index + 7}`).join(' ');
  const [row] = await tx.query<{ count: number }>(MARK.replace('%', conditions), [
    first,
    last,
    alert.confidence,
    alert.alert_type,
    alert.decision,
    reference.sensor_id,
    ...filters.map(([, value]) => value),
  ]);
  return row?.count ?? 0;
}
