/**
 * The one way to read what lies on several databases: the same question to each, at once, and the answers put together
 * by whoever asked. A store that is one database answers as it is: nothing is asked twice, copied or sorted.
 *
 * A shard that is away is left out and noted, so that an answer that lacks something says so
 * (`missing-shards.ts`). The home is never left out: users, keys and settings are there, and nothing goes on without.
 */
import { AppError } from '../../errors.ts';
import type { Database, Queryable } from '../database.ts';
import { noteMissingShard } from './missing-shards.ts';

/** One answer of each shard that is there, in the order of their numbers. */
export async function overShards<Result>(
  db: Queryable,
  ask: (shard: Queryable) => Promise<Result>,
): Promise<Result[]> {
  return (await askAll(db, ask)).answers;
}

/**
 * The first answer that is not null, of the one shard that has it.
 * @throws AppError `database_unavailable` where none has it and one could not be asked: it may be there
 */
export async function firstOfShards<Result>(
  db: Queryable,
  ask: (shard: Queryable) => Promise<Result | null>,
): Promise<Result | null> {
  if (!db.shards) return ask(db);
  const { answers, away } = await askAll(db, ask);
  const found = answers.find((answer) => answer !== null) ?? null;
  if (found === null && away) throw away;
  return found;
}

/** Throws where a shard is away, for what must not be done by halves. @throws AppError `database_unavailable` */
export function requireAllShards(db: Queryable): void {
  for (const shard of db.shards ?? []) if (shard.place?.away != null) throw awayError(shard.place);
}

/** By number, why. */
export function awayShards({ shards = [] }: Queryable): ReadonlyMap<number, string> {
  return new Map(
    shards.flatMap(({ place }) =>
      place && place.away !== null ? [[place.number, place.away] as const] : [],
    ),
  );
}

/** The database that has the data of a partition of the stream. */
export function shardOf(db: Database, partition: number): Database {
  return db.shards?.[partition % db.shards.length] ?? db;
}

export function awayError({ number, count, away }: NonNullable<Database['place']>): AppError {
  return new AppError(
    'database_unavailable',
    `Shard ${number} of ${count} cannot be reached: ${away}`,
  );
}

async function askAll<Result>(
  db: Queryable,
  ask: (shard: Queryable) => Promise<Result>,
): Promise<{ answers: Result[]; away: AppError | null }> {
  const { shards } = db;
  if (!shards) return { answers: [await ask(db)], away: null };
  const answers: Result[] = [];
  let away: AppError | null = null;
  for (const [number, result] of (await Promise.allSettled(shards.map(ask))).entries()) {
    if (result.status === 'fulfilled') {
      answers.push(result.value);
      continue;
    }
    const { reason } = result;
    const isAway = reason instanceof AppError && reason.code === 'database_unavailable';
    if (number === 0 || !isAway) throw reason;
    noteMissingShard(number);
    away = reason;
  }
  return { answers, away };
}
