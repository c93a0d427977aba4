/** What a site teaches: who touched its lures, what its analysts said of alerts, and the windows of 5 s that belong to both. */
import type { Alert } from '../contract/alert.ts';
import { WINDOW_FEATURES } from '../contract/features.ts';
import type { Queryable } from './database.ts';

/** Contacts and verdicts of each kind, the newest; windows of one stretch. */
const MAX_STRETCHES = 2_000;
const MAX_WINDOWS_PER_STRETCH = 500;
/** Windows of the first day, and of one source among them. */
const MAX_USUAL_WINDOWS = 50_000;
/** Windows with less of their packets counted teach nothing. */
const MIN_COMPLETENESS = 0.9;

export interface LureContact {
  readonly source_ip: string;
  readonly service: string;
  readonly logins: number;
  readonly started_at: Date;
  readonly last_at: Date;
}

export type AlertVerdict = Pick<
  Alert,
  'alert_type' | 'source_ip' | 'destination_ip' | 'first_seen' | 'last_seen'
> & { readonly status: 'resolved' | 'false_positive' };

export interface SiteWindow {
  readonly startMicros: number;
  readonly values: Float64Array;
}

export interface Stretch {
  readonly scope: 'source' | 'target';
  readonly entity: string;
  /** s since the epoch. */
  readonly from: number;
  readonly to: number;
}

/** Sessions of the lures, the newest first; sources on the never-block list are not among them. */
export async function lureContacts(db: Queryable): Promise<LureContact[]> {
  return db.query<LureContact & Empty>(
    `SELECT source_ip, service, logins, started_at, last_at FROM lure_sessions
     WHERE NOT EXISTS (SELECT 1 FROM protected_networks WHERE cidr >>= source_ip::inet)
     ORDER BY started_at DESC, number DESC LIMIT ${MAX_STRETCHES}`,
  );
}

/** What analysts have decided, the newest first. */
export async function alertVerdicts(db: Queryable): Promise<AlertVerdict[]> {
  return db.query<AlertVerdict & Empty>(
    `SELECT alert_type, source_ip, destination_ip, first_seen, last_seen, status FROM detected_alerts
     WHERE status IN ('resolved', 'false_positive') ORDER BY last_seen DESC, number DESC LIMIT ${MAX_STRETCHES}`,
  );
}

/** The windows of 5 s that lie in the stretch, oldest first. */
export async function windowsOf(db: Queryable, stretch: Stretch): Promise<SiteWindow[]> {
  const rows = await db.query<RawWindow>(
    `SELECT ${COLUMNS} FROM aggregated_features AS w
     WHERE window_size = 5 AND scope = $1 AND entity = $2 AND completeness >= ${MIN_COMPLETENESS}
       AND w.window_start >= to_timestamp($3) AND w.window_start <= to_timestamp($4)
     ORDER BY w.window_start LIMIT ${MAX_WINDOWS_PER_STRETCH}`,
    [stretch.scope, stretch.entity, stretch.from, stretch.to],
  );
  return rows.map(windowFrom);
}

/**
 * Windows of sources on the first day that is still kept: of none that touched a lure or that an alert names (unless an
 * analyst called it a false one), and of one source `perSource` at most, so that nobody makes their own traffic the rule.
 */
export async function firstDayWindows(db: Queryable, perSource: number): Promise<SiteWindow[]> {
  const rows = await db.query<RawWindow>(
    `WITH first AS (SELECT min(window_start) AS day FROM aggregated_features WHERE window_size = 5),
       suspects AS (
         SELECT source_ip FROM lure_sessions
         UNION SELECT source_ip FROM detected_alerts WHERE source_ip IS NOT NULL AND status <> 'false_positive'),
       day AS (
         SELECT w.*, row_number() OVER (PARTITION BY entity ORDER BY md5(entity || window_start::text)) AS place
         FROM aggregated_features AS w, first
         WHERE window_size = 5 AND scope = 'source' AND completeness >= ${MIN_COMPLETENESS}
           AND w.window_start >= first.day AND w.window_start < first.day + interval '1 day'
           AND entity NOT IN (SELECT source_ip FROM suspects))
     SELECT ${COLUMNS} FROM day AS w WHERE place <= $1
     ORDER BY md5(entity || w.window_start::text) LIMIT ${MAX_USUAL_WINDOWS}`,
    [perSource],
  );
  return rows.map(windowFrom);
}

const COLUMNS = [
  '(extract(epoch FROM w.window_start) * 1e6)::float8 AS start_micros',
  `ARRAY[${WINDOW_FEATURES.map(({ name }) => name).join(', ')}] AS features`,
].join(', ');

interface RawWindow extends Empty {
  readonly start_micros: number;
  readonly features: number[];
}

/** What a row type needs to be one of the driver's. */
type Empty = Record<never, never>;

function windowFrom({ start_micros, features }: RawWindow): SiteWindow {
  return { startMicros: start_micros, values: Float64Array.from(features) };
}
