/**
 * An attacker's story from all that is kept: first contact, alerts, visits to lures, blocks, and what came after them.
 * Flows may be many, so of them only the first of each span is read, by index.
 */
import type { Decision } from '../contract/decision.ts';
import { MAX_STORY_ENTRIES, type Story, type StoryEntry } from '../contract/story.ts';
import { canonicalAddress } from '../core/response/address.ts';
import type { Queryable } from './database.ts';
import { IS_HIDDEN } from './hidden-alerts.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';

/** What begins so soon after a block was on its way when it was made. */
const GRACE_MS = 60_000;
/** Blocks whose aftermath is looked for, the newest. */
const MAX_AFTERMATHS = 20;

const NOTHING = {
  until: null,
  alert: null,
  is_suppressed: false,
  session_id: null,
  decision_id: null,
  is_simulated: false,
};

interface Block {
  readonly entry: StoryEntry;
  readonly startMs: number;
  /** Infinity: it stands. */
  readonly endMs: number;
}

export async function storyOf(db: Queryable, address: string, days: number): Promise<Story> {
  const ip = canonicalAddress(address) ?? address;
  const since = new Date(Date.now() - days * 86_400_000);
  const [alerts, visits, blocks] = await Promise.all([
    readAlerts(db, ip, since),
    readVisits(db, ip, since),
    readBlocks(db, ip, since),
  ]);
  const signs = [...alerts, ...visits];
  const [first, last] = await Promise.all([
    contactIn(db, ip, since.getTime(), Number.POSITIVE_INFINITY),
    lastFlow(db, ip, since),
  ]);
  const begins = [first, ...signs.map(({ at }) => Date.parse(at))].filter((ms) => ms !== null);
  const ends = [last, ...signs.map(({ at, until }) => Date.parse(until ?? at))].filter(
    (ms) => ms !== null,
  );
  const entries = [...signs, ...blocks.map(({ entry }) => entry)];
  if (begins.length > 0)
    entries.push(moment('first_contact', Math.min(...begins), 'As far as is kept'));
  for (const block of blocks.slice(0, MAX_AFTERMATHS))
    entries.push(...(await aftermath(db, ip, block, begins)));
  // At the same moment a contact comes before what it was noticed as.
  entries.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || rank(a) - rank(b));
  return {
    ip,
    days,
    entries,
    is_cut: [alerts, visits, blocks].some((list) => list.length === MAX_STORY_ENTRIES),
    last_contact: ends.length > 0 ? iso(Math.max(...ends)) : null,
  };
}

async function readAlerts(db: Queryable, ip: string, since: Date): Promise<StoryEntry[]> {
  const lists = await overShards(db, (shard) =>
    shard.query<
      NonNullable<StoryEntry['alert']> & {
        first_seen: number;
        last_seen: number;
        description: string;
        is_hidden: boolean;
      }
    >(
      `SELECT id, alert_type, severity, status, first_seen, last_seen, description, ${IS_HIDDEN} AS is_hidden
       FROM detected_alerts WHERE source_ip = $1 AND last_seen >= $2
       ORDER BY last_seen DESC LIMIT ${MAX_STORY_ENTRIES}`,
      [ip, since.getTime() / 1000],
    ),
  );
  const rows = mergeSorted(lists, MAX_STORY_ENTRIES, (a, b) => b.last_seen - a.last_seen);
  return rows.map(({ id, alert_type, severity, status, ...row }) => ({
    ...NOTHING,
    at: iso(row.first_seen * 1000),
    until: iso(row.last_seen * 1000),
    kind: 'alert',
    text: row.description,
    alert: { id, alert_type, severity, status },
    is_suppressed: row.is_hidden,
  }));
}

async function readVisits(db: Queryable, ip: string, since: Date): Promise<StoryEntry[]> {
  const rows = await db.query<{
    session_id: string;
    service: string;
    started_at: Date;
    last_at: Date;
    logins: number;
    commands: number;
    uploads: number;
  }>(
    `SELECT session_id, service, started_at, last_at, logins, commands, uploads
     FROM lure_sessions WHERE source_ip = $1 AND started_at >= $2
     ORDER BY started_at DESC LIMIT ${MAX_STORY_ENTRIES}`,
    [ip, since],
  );
  return rows.map((row) => ({
    ...NOTHING,
    at: row.started_at.toISOString(),
    until: row.last_at.toISOString(),
    kind: 'lure',
    text: `At the ${row.service.toUpperCase()} lure: log-ins ${row.logins}, commands ${row.commands}, uploads ${row.uploads}`,
    session_id: row.session_id,
  }));
}

/** Newest first; refused ones never were. */
async function readBlocks(db: Queryable, ip: string, since: Date): Promise<Block[]> {
  const rows = await db.query<
    Pick<Decision, 'id' | 'reason' | 'simulated' | 'state' | 'detail' | 'created_by'> & {
      created_at: Date;
      ended_at: Date | null;
    }
  >(
    `SELECT id, reason, simulated, state, detail, created_by, created_at, coalesce(ended_at,
       CASE WHEN state = 'removed' THEN created_at WHEN expires_at <= now() THEN expires_at END) AS ended_at
     FROM decisions WHERE ip = $1 AND created_at >= $2 AND action = 'BLOCK' AND state <> 'refused'
     ORDER BY number DESC LIMIT ${MAX_STORY_ENTRIES}`,
    [ip, since],
  );
  return rows.map((row) => ({
    startMs: row.created_at.getTime(),
    endMs: row.ended_at?.getTime() ?? Number.POSITIVE_INFINITY,
    entry: {
      ...NOTHING,
      at: row.created_at.toISOString(),
      until: row.ended_at?.toISOString() ?? null,
      kind: 'block',
      text: textOf(row),
      decision_id: row.id,
      is_simulated: row.simulated,
    },
  }));
}

function textOf({
  reason,
  state,
  detail,
  created_by: by,
}: Pick<Decision, 'reason' | 'state' | 'detail' | 'created_by'>): string {
  const end = state === 'removed' ? `, taken back ${detail ?? ''}`.trimEnd() : '';
  return `Blocked by ${by}: ${reason}${end}`;
}

/** What the address did while the block stood, and after it. */
async function aftermath(
  db: Queryable,
  ip: string,
  { entry, startMs, endMs }: Block,
  begins: readonly number[],
): Promise<StoryEntry[]> {
  const found: StoryEntry[] = [];
  const during = await firstIn(db, ip, begins, startMs + GRACE_MS, endMs);
  if (during !== null)
    found.push(
      moment(
        'persistence',
        during,
        entry.is_simulated
          ? 'Goes on: the block is a simulated one'
          : 'Tries again while it is blocked',
      ),
    );
  if (endMs === Number.POSITIVE_INFINITY) return found;
  const after = await firstIn(db, ip, begins, endMs, Number.POSITIVE_INFINITY);
  if (after !== null) found.push(moment('return', after, 'Is back after the block'));
  return found;
}

async function firstIn(
  db: Queryable,
  ip: string,
  begins: readonly number[],
  fromMs: number,
  toMs: number,
): Promise<number | null> {
  const flow = await contactIn(db, ip, fromMs, toMs);
  const signs = begins.filter((ms) => ms > fromMs && ms < toMs);
  const all = flow === null ? signs : [flow, ...signs];
  return all.length > 0 ? Math.min(...all) : null;
}

/** When the first flow began that began and ended within the span, ms. */
async function contactIn(
  db: Queryable,
  ip: string,
  fromMs: number,
  toMs: number,
): Promise<number | null> {
  const lists = await overShards(db, (shard) =>
    shard.query<{ first_seen: Date; last_seen: Date }>(
      `SELECT first_seen, last_seen FROM traffic_data WHERE src_ip = $1 AND last_seen > $2 AND first_seen > $2
         AND last_seen < $3 ORDER BY last_seen LIMIT 1`,
      [ip, new Date(fromMs), toMs === Number.POSITIVE_INFINITY ? 'infinity' : new Date(toMs)],
    ),
  );
  const [row] = mergeSorted(lists, 1, (a, b) => a.last_seen.getTime() - b.last_seen.getTime());
  return row?.first_seen.getTime() ?? null;
}

async function lastFlow(db: Queryable, ip: string, since: Date): Promise<number | null> {
  const lists = await overShards(db, (shard) =>
    shard.query<{ last_seen: Date }>(
      `SELECT last_seen FROM traffic_data WHERE src_ip = $1 AND last_seen > $2
       ORDER BY last_seen DESC LIMIT 1`,
      [ip, since],
    ),
  );
  const [row] = mergeSorted(lists, 1, (a, b) => b.last_seen.getTime() - a.last_seen.getTime());
  return row?.last_seen.getTime() ?? null;
}

function moment(kind: StoryEntry['kind'], ms: number, text: string): StoryEntry {
  return { ...NOTHING, at: iso(ms), kind, text };
}

function rank({ kind }: StoryEntry): number {
  return ['first_contact', 'return', 'persistence', 'alert', 'lure', 'block'].indexOf(kind);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
