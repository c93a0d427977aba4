/** The registry's tables: which models there are, which judges, and what was changed by whom. The files lie beside them. */
import type { DriftRow, ModelCard, ModelChange, ModelPin, ModelShadow } from '../contract/model.ts';
import { cleanText } from './clean-text.ts';
import type { Database, Queryable, Transaction } from './database.ts';

/** A process tells drift over two hours at most: one that has ended counts no longer. */
const DRIFT_KEPT_MS = 7_200_000;
/** The latest of more are kept. */
const MAX_DRIFT_PARTS = 64;

export interface ModelRow {
  readonly hash: string;
  readonly added_at: Date;
  readonly added_by: string;
  readonly origin: string;
  readonly byte_count: number;
  readonly cards: ModelCard[];
}

/** Null: the model that ships; no challenger. */
export interface ModelSeats {
  readonly champion: string | null;
  readonly challenger: string | null;
}

/** Oldest first. */
export async function listModels(db: Queryable): Promise<ModelRow[]> {
  return db.query<ModelRow>('SELECT * FROM models ORDER BY added_at, hash');
}

/** Adds it, or says anew where it came from. */
export async function upsertModel(db: Queryable, row: Omit<ModelRow, 'added_at'>): Promise<void> {
  await db.query(
    `INSERT INTO models (hash, added_by, origin, byte_count, cards) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (hash) DO UPDATE SET added_at = now(), added_by = excluded.added_by, origin = excluded.origin`,
    [row.hash, row.added_by, cleanText(row.origin), row.byte_count, JSON.stringify(row.cards)],
  );
}

export async function readSeats(db: Queryable): Promise<ModelSeats> {
  return only(await db.query<ModelSeats & Empty>('SELECT champion, challenger FROM model_seats'));
}

/** Until the transaction ends nobody else changes them. */
export async function lockSeats(tx: Transaction): Promise<ModelSeats> {
  return only(
    await tx.query<ModelSeats & Empty>('SELECT champion, challenger FROM model_seats FOR UPDATE'),
  );
}

export async function writeSeats(tx: Transaction, seats: ModelSeats): Promise<void> {
  await tx.query('UPDATE model_seats SET champion = $1, challenger = $2', [
    seats.champion,
    seats.challenger,
  ]);
}

export async function insertChange(
  db: Queryable,
  { action, model, before, by, gate }: Omit<ModelChange, 'at'>,
): Promise<ModelChange> {
  const [row] = await db.query<{ at: Date }>(
    `INSERT INTO model_changes (action, model, before, by, gate) VALUES ($1, $2, $3, $4, $5) RETURNING at`,
    [action, model, before, by, JSON.stringify(gate)],
  );
  if (!row) throw new Error('The insert returned no row');
  return { at: row.at.toISOString(), action, model, before, by, gate };
}

/** Oldest first. */
export async function listChanges(db: Queryable): Promise<ModelChange[]> {
  const rows = await db.query<Omit<ModelChange, 'at'> & { at: Date }>(
    'SELECT at, action, model, before, by, gate FROM model_changes ORDER BY number',
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

export async function upsertPin(db: Queryable, { capture, sha256 }: ModelPin): Promise<void> {
  await db.query(
    `INSERT INTO model_pins (capture, sha256) VALUES ($1, $2)
     ON CONFLICT (capture) DO UPDATE SET sha256 = excluded.sha256, pinned_at = now()`,
    [capture, sha256],
  );
}

/** False: it was not pinned. */
export async function deletePin(tx: Transaction, capture: string): Promise<boolean> {
  const gone = await tx.query('DELETE FROM model_pins WHERE capture = $1 RETURNING capture', [
    capture,
  ]);
  return gone.length > 0;
}

export async function listPins(db: Queryable): Promise<ModelPin[]> {
  return db.query<ModelPin & Empty>('SELECT capture, sha256 FROM model_pins ORDER BY capture');
}

/** Adds to what is kept already, of all processes. */
export async function addToShadow(
  db: Queryable,
  hash: string,
  { since, ...counts }: ModelShadow,
): Promise<void> {
  await db.query(
    `INSERT INTO model_shadows (hash, since, counts) VALUES ($1, $2, $3)
     ON CONFLICT (hash) DO UPDATE SET since = least(model_shadows.since, excluded.since), counts = (
       SELECT jsonb_object_agg(kind, (
         SELECT jsonb_object_agg(name, number::float8 + (model_shadows.counts #>> ARRAY[kind, name])::float8)
         FROM jsonb_each_text(counted) AS one (name, number)))
       FROM jsonb_each(excluded.counts) AS each (kind, counted))`,
    [hash, since, JSON.stringify(counts)],
  );
}

/** What is counted from now on begins at nothing. */
export async function forgetShadow(tx: Transaction, hash: string): Promise<void> {
  await tx.query('DELETE FROM model_shadows WHERE hash = $1', [hash]);
}

export async function readShadow(db: Queryable, hash: string): Promise<ModelShadow | null> {
  const [row] = await db.query<{ since: Date; counts: Omit<ModelShadow, 'since'> }>(
    'SELECT since, counts FROM model_shadows WHERE hash = $1',
    [hash],
  );
  return row ? { since: row.since.toISOString(), ...row.counts } : null;
}

/** Keeps what one process has seen beside what others have; what has not been renewed for two hours goes. */
export async function writeDrift(
  db: Database,
  hash: string,
  { process, rows }: { readonly process: string; readonly rows: readonly DriftRow[] },
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO model_drift (hash, at, rows) VALUES ($1, now(), '[]') ON CONFLICT DO NOTHING`,
      [hash],
    );
    const [row] = await tx.query<{ now: Date; rows: DriftPart[] }>(
      'SELECT now() AS now, rows FROM model_drift WHERE hash = $1 FOR UPDATE',
      [hash],
    );
    if (!row) throw new Error('The insert left no row');
    const now = row.now.getTime();
    const others = row.rows.filter(
      (part) => part.process !== process && now - part.atMs < DRIFT_KEPT_MS,
    );
    const parts = [{ process, atMs: now, rows }, ...others].slice(0, MAX_DRIFT_PARTS);
    await tx.query('UPDATE model_drift SET at = now(), rows = $2 WHERE hash = $1', [
      hash,
      JSON.stringify(parts),
    ]);
  });
}

/** What each process has seen, the latest first. */
export async function readDrift(
  db: Queryable,
  hash: string,
): Promise<{ at: string; parts: DriftRow[][] } | null> {
  const [row] = await db.query<{ at: Date; rows: DriftPart[] }>(
    'SELECT at, rows FROM model_drift WHERE hash = $1',
    [hash],
  );
  if (!row) return null;
  // What was written before there were parts names no process, and is old.
  const parts = row.rows.filter(({ process }) => process !== undefined);
  return { at: row.at.toISOString(), parts: parts.map(({ rows }) => [...rows]) };
}

interface DriftPart {
  readonly process: string;
  readonly atMs: number;
  readonly rows: readonly DriftRow[];
}

/** What a row type needs to be one of the driver's. */
type Empty = Record<never, never>;

function only(rows: readonly ModelSeats[]): ModelSeats {
  const [seats] = rows;
  if (!seats) throw new Error('The table model_seats is empty');
  return seats;
}
