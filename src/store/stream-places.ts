/** How far each partition of the stream is stored, and the states of analyses that another worker goes on from. */
import type { Database, Queryable } from './database.ts';
import { overShards } from './shards/over-shards.ts';

/** Of a sensor whose state is kept in the database. */
export interface AnalysisPlace {
  readonly sensorId: string;
  /** The state includes its messages up to here. */
  readonly statePosition: number;
  /** Of its last message that was stored. */
  readonly lastPosition: number;
}

/**
 * The position after which a partition is to be read. A stream that was made anew begins at 0, and what the
 * states lack of the one before is lost.
 */
export async function openPartition(
  db: Database,
  partition: number,
  stream: string,
): Promise<number> {
  return db.transaction(async (tx) => {
    const [row] = await tx.query<{ stream: string; position: number }>(
      'SELECT stream, position FROM stream_offsets WHERE partition = $1 FOR UPDATE',
      [partition],
    );
    if (row?.stream === stream) return row.position;
    await tx.query(
      `INSERT INTO stream_offsets (partition, stream, position) VALUES ($1, $2, 0)
       ON CONFLICT (partition) DO UPDATE SET stream = excluded.stream, position = 0`,
      [partition, stream],
    );
    await tx.query(
      `UPDATE analysis_states SET state_position = 0,
         last_position = 0, state = CASE WHEN last_position > state_position THEN NULL ELSE state END
       WHERE partition = $1`,
      [partition],
    );
    return 0;
  });
}

/**
 * In the transaction of batches, each the last of its sensor: their partition is stored up to the last of them.
 *
 * A state that lacked nothing counts up to just before the batch, whatever other sensors sent meanwhile: what they
 * sent may be trimmed already. A position that came before (the stream went back) makes the state lack it, too.
 */
export async function noteStored(
  tx: Queryable,
  partition: number,
  places: readonly { sensorId: string; position: number }[],
): Promise<void> {
  await notePosition(tx, partition, Math.max(...places.map(({ position }) => position)));
  await tx.query(
    `INSERT INTO analysis_states AS s (sensor_id, partition, state_position, last_position)
     SELECT sensor_id, $1, position - 1, position FROM unnest($2::text[], $3::int8[]) AS u(sensor_id, position)
     ORDER BY sensor_id
     ON CONFLICT (sensor_id) DO UPDATE SET last_position = excluded.last_position, state_position =
       CASE WHEN s.state_position < least(s.last_position, excluded.last_position) THEN s.state_position
       ELSE excluded.last_position - 1 END`,
    [partition, places.map(({ sensorId }) => sensorId), places.map(({ position }) => position)],
  );
}

export async function notePosition(
  tx: Queryable,
  partition: number,
  position: number,
): Promise<void> {
  await tx.query('UPDATE stream_offsets SET position = $2 WHERE partition = $1 AND position < $2', [
    partition,
    position,
  ]);
}

/** By partition, the position up to which it is stored; of those whose shard is there. */
export async function storedPositions(db: Queryable): Promise<ReadonlyMap<number, number>> {
  const lists = await overShards(db, (shard) =>
    shard.query<{ partition: number; position: number }>(
      'SELECT partition, position FROM stream_offsets',
    ),
  );
  return new Map(lists.flat().map(({ partition, position }) => [partition, position]));
}

/** Null: nothing of the sensor is kept. */
export async function analysisPlace(
  db: Queryable,
  sensorId: string,
): Promise<AnalysisPlace | null> {
  const [place] = await db.query<AnalysisPlace>(`${PLACES} WHERE sensor_id = $1`, [sensorId]);
  return place ?? null;
}

/** The sensors of a partition whose states lack something that was stored. */
export async function behindStates(db: Queryable, partition: number): Promise<AnalysisPlace[]> {
  return db.query<AnalysisPlace>(
    `${PLACES} WHERE partition = $1 AND last_position > state_position ORDER BY sensor_id`,
    [partition],
  );
}

/** Null: it begins with nothing. */
export async function readState(db: Queryable, sensorId: string): Promise<Uint8Array | null> {
  const [row] = await db.query<{ state: Uint8Array | null }>(
    'SELECT state FROM analysis_states WHERE sensor_id = $1',
    [sensorId],
  );
  return row?.state ?? null;
}

/**
 * A state is a function of the messages up to its position: whoever made it, the one that includes more stays.
 * Null: what came up to there is not kept, and nothing waits for it.
 */
export async function writeState(
  db: Queryable,
  { sensorId, position, state }: { sensorId: string; position: number; state: Uint8Array | null },
): Promise<void> {
  await db.query(
    `UPDATE analysis_states SET state = $3, state_position = $2
     WHERE sensor_id = $1 AND state_position <= $2`,
    [sensorId, position, state],
  );
}

/** The position up to which nobody needs the partition's messages any more. */
export async function neededAfter(db: Queryable, partition: number): Promise<number> {
  const [row] = await db.query<{ position: number | null }>(
    `SELECT least(
       (SELECT position FROM stream_offsets WHERE partition = $1),
       (SELECT min(state_position) FROM analysis_states
        WHERE partition = $1 AND last_position > state_position)) AS position`,
    [partition],
  );
  return row?.position ?? 0;
}

const PLACES = `SELECT sensor_id AS "sensorId", state_position AS "statePosition",
  last_position AS "lastPosition" FROM analysis_states`;
