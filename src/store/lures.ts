/** What lures saw: events as they come, sessions added up from them. */
import type {
  LureQuery,
  LureSession,
  LureSessionDetail,
  LureSessionPage,
} from '../contract/api.ts';
import type { LureEvent } from '../contract/lure.ts';
import { cleanJson } from './clean-text.ts';
import { decodeCursor, pageOf } from './cursor.ts';
import type { Database, Queryable } from './database.ts';
import { Filter } from './filter.ts';
import { isoMicros } from './walk-back.ts';

/** A visitor who types for ever fills the table, not the page. */
const MAX_EVENTS_SHOWN = 5000;

const EVENT_COLUMNS = `id, session_id, at, service, source_ip, source_port, local_port, kind, username,
  password, text, bytes, sha256`;

const SESSION_FIELDS =
  'session_id, service, source_ip, country, started_at, last_at, logins, commands, uploads';
const SESSION_COLUMNS = `${SESSION_FIELDS}, number,
  (extract(epoch FROM started_at) * 1000000)::int8 AS micros`;
const UPSERT_SESSIONS = `
  INSERT INTO lure_sessions AS s (${SESSION_FIELDS})
  SELECT ${SESSION_FIELDS} FROM jsonb_populate_recordset(NULL::lure_sessions, $1::jsonb)
  ON CONFLICT (session_id) DO UPDATE SET
    started_at = least(s.started_at, excluded.started_at),
    last_at = greatest(s.last_at, excluded.last_at),
    logins = s.logins + excluded.logins,
    commands = s.commands + excluded.commands,
    uploads = s.uploads + excluded.uploads`;

type EventRow = Omit<LureEvent, 'at'> & { at: Date };
type SessionRow = Omit<LureSession, 'started_at' | 'last_at'> & {
  started_at: Date;
  last_at: Date;
  number: number;
  micros: number;
};

/** Idempotent by the events' ids: what was stored before is not counted again. */
export async function insertLureEvents(db: Database, events: readonly LureEvent[]): Promise<void> {
  if (events.length === 0) return;
  await db.transaction(async (tx) => {
    const stored = await tx.query<{ id: string }>(
      `INSERT INTO lure_events (${EVENT_COLUMNS})
       SELECT ${EVENT_COLUMNS} FROM jsonb_populate_recordset(NULL::lure_events, $1::jsonb)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [cleanJson(events)],
    );
    const ids = new Set(stored.map(({ id }) => id));
    const sessions = addUp(events.filter(({ id }) => ids.delete(id)));
    await tx.query(UPSERT_SESSIONS, [
      cleanJson(
        sessions.map((session) => ({
          ...session,
          country: db.geolocation.countryOf(session.source_ip),
        })),
      ),
    ]);
  });
}

/** One page, latest visitor first. @throws AppError `invalid_request` for a cursor that is not ours. */
export async function listLureSessions(db: Queryable, query: LureQuery): Promise<LureSessionPage> {
  const filter = new Filter().equal('service', query.service).address('source_ip', query.source_ip);
  if (query.before !== undefined) {
    const { key, tie } = decodeCursor(query.before);
    filter.add('(started_at, number) < (?, ?)', isoMicros(key), tie);
  }
  const found = await db.query<SessionRow>(
    `SELECT ${SESSION_COLUMNS} FROM lure_sessions ${filter.where}
     ORDER BY started_at DESC, number DESC LIMIT ${query.limit + 1}`,
    filter.values,
  );
  const { rows, next } = pageOf(found, query.limit, ({ micros, number }) => ({
    key: micros,
    tie: number,
  }));
  return { sessions: rows.map(presentSession), next };
}

/** One visit with its first 5,000 events in their order, or null. */
export async function getLureSession(db: Queryable, id: string): Promise<LureSessionDetail | null> {
  const [session] = await db.query<SessionRow>(
    `SELECT ${SESSION_COLUMNS} FROM lure_sessions WHERE session_id = $1`,
    [id],
  );
  if (!session) return null;
  const events = await db.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM lure_events WHERE session_id = $1
     ORDER BY at, number LIMIT ${MAX_EVENTS_SHOWN}`,
    [id],
  );
  return { session: presentSession(session), events: events.map(presentEvent) };
}

/** The newest events of all visits, newest first. */
export async function listLureEvents(db: Queryable, limit: number): Promise<LureEvent[]> {
  const events = await db.query<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM lure_events ORDER BY at DESC, number DESC LIMIT $1`,
    [limit],
  );
  return events.map(presentEvent);
}

/** In the order of their ids, so that two writers at once never deadlock. */
function addUp(events: readonly LureEvent[]): Omit<LureSession, 'country'>[] {
  const sessions = new Map<string, Omit<LureSession, 'country'>>();
  for (const event of events) {
    const session = sessions.get(event.session_id) ?? {
      session_id: event.session_id,
      service: event.service,
      source_ip: event.source_ip,
      started_at: event.at,
      last_at: event.at,
      logins: 0,
      commands: 0,
      uploads: 0,
    };
    if (Date.parse(event.at) < Date.parse(session.started_at)) session.started_at = event.at;
    if (Date.parse(event.at) > Date.parse(session.last_at)) session.last_at = event.at;
    if (event.kind === 'login') session.logins++;
    if (event.kind === 'command' || event.kind === 'request') session.commands++;
    if (event.kind === 'upload') session.uploads++;
    sessions.set(event.session_id, session);
  }
  return [...sessions.values()].sort((a, b) => (a.session_id < b.session_id ? -1 : 1));
}

function presentSession({ number: _number, micros: _micros, ...row }: SessionRow): LureSession {
  return {
    ...row,
    started_at: row.started_at.toISOString(),
    last_at: row.last_at.toISOString(),
  };
}

function presentEvent(row: EventRow): LureEvent {
  return { ...row, at: row.at.toISOString() };
}
