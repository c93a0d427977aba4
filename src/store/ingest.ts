/**
 * Analysed batches into the database, each whole or not at all: packets, flows, windows, roll-ups, alerts and
 * the sensor's place in its sequence go into one transaction, so a repeat changes nothing and a crash
 * leaves no half. Some 300 bytes a packet go over the socket, in pieces: the database reads one while the next
 * is encoded.
 */
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { AnalysedBatch } from '../contract/analysis.ts';
import { AppError } from '../errors.ts';
import { upsertAlerts } from './alert-upsert.ts';
import { type CopyTable, encodeRows, type RowsOf } from './columns.ts';
import type { Database, Encoder, Queryable, Transaction } from './database.ts';
import { FLOW_TABLE, type FlowRow } from './flow-table.ts';
import { markPackets } from './mark-packets.ts';
import { PACKET_TABLE } from './packet-table.ts';
import { upsertQuietAlerts } from './quiet-alerts.ts';
import { writeRollups } from './rollups.ts';
import { TIERS, WINDOW_TIERS } from './tiers.ts';
import { WINDOW_TABLE } from './window-table.ts';

/** The increment of the sequence that numbers packets. */
const MAX_BATCH_ROWS = 65_536;
/** Places of one batch each, made of a key that its sender gave (`key-…`), are kept for repeats and not for ever. */
const KEYED_DAYS = 2;
const DEADLOCK_DETECTED = '40P01';
const DEADLOCK_RETRIES = 3;

type StoreOutcome = 'stored' | 'duplicate';

/**
 * Resolves after the commit. `duplicate`: this sequence number of the sensor's epoch, or a later one, is
 * stored already, and nothing was changed.
 * @throws AppError `too_large` above 65,536 packets; `database_unavailable`.
 */
export async function ingest(db: Database, batch: AnalysedBatch): Promise<StoreOutcome> {
  const [result] = await ingestTogether(db, [batch]);
  return result as StoreOutcome;
}

/**
 * As `ingest`, several batches in one transaction: all or none of them. What a batch costs whatever it holds is
 * then paid once.
 * @param batches of different sensors.
 * @param within writes more into the transaction, for those that are new.
 */
export async function ingestTogether(
  db: Database,
  batches: readonly AnalysedBatch[],
  within?: (tx: Queryable, stored: readonly AnalysedBatch[]) => Promise<void>,
): Promise<StoreOutcome[]> {
  for (const { packets } of batches)
    if (packets.length > MAX_BATCH_ROWS)
      throw new AppError(
        'too_large',
        `Cannot store a batch of ${packets.length} packets: at most ${MAX_BATCH_ROWS}`,
      );
  await ensurePartitions(db, batches);
  const encoder = db.encoders.take();
  try {
    const body = async (tx: Transaction) => {
      const firstIds = await claimPlaces(tx, batches);
      const fresh = batches.filter((batch) => firstIds.has(batch.sensorId));
      if (fresh.length > 0) {
        await write(tx, db, fresh, firstIds, encoder);
        await within?.(tx, fresh);
      }
      return batches.map(({ sensorId }) => (firstIds.has(sensorId) ? 'stored' : 'duplicate'));
    };
    const results = await storeOnce(db, body, DEADLOCK_RETRIES);
    for (const [at, batch] of batches.entries()) count(db, batch, results[at] ?? 'duplicate');
    return results;
  } finally {
    db.encoders.giveBack(encoder);
  }
}

/** Two sensors that mark packets of each other's minutes can meet in a deadlock: one of them begins again. */
async function storeOnce<Result>(
  db: Database,
  body: (tx: Transaction) => Promise<Result>,
  retries: number,
): Promise<Result> {
  try {
    return await db.transaction(body);
  } catch (error) {
    if (retries === 0 || (error as { code?: string }).code !== DEADLOCK_DETECTED) throw error;
    return storeOnce(db, body, retries - 1);
  }
}

async function write(
  tx: Transaction,
  db: Database,
  batches: readonly AnalysedBatch[],
  firstIds: ReadonlyMap<string, number>,
  encoder: Encoder,
): Promise<void> {
  const { addresses, communityIds } = encoder;
  await copy(
    tx,
    encoder,
    PACKET_TABLE,
    batches.map(({ packets: batch, verdicts, sensorId }) => ({
      source: {
        ...{ batch, verdicts, sensorId, addresses, communityIds },
        firstId: firstIds.get(sensorId) ?? 0,
      },
      count: batch.length,
    })),
  );
  const flows: FlowRow[] = batches.flatMap((batch) =>
    batch.flows.map((flow) => ({ flow, country: db.geolocation.countryOf(flow.srcIp) })),
  );
  await copy(tx, encoder, FLOW_TABLE, [{ source: flows, count: flows.length }]);
  const windows = batches.map((batch) => ({ source: batch.windows, count: batch.windows.length }));
  await copy(tx, encoder, WINDOW_TABLE, windows);

  await writeRollups(tx, db, batches);
  const alerts = batches.flatMap((batch) => batch.alerts);
  const newIds = await upsertAlerts(tx, alerts);
  await markPackets(
    tx,
    db,
    alerts.filter(({ id }) => newIds.has(id)),
  );
  await upsertQuietAlerts(
    tx,
    batches.flatMap((batch) => batch.quiet ?? []),
  );
  await reportSensors(tx, batches);
}

/**
 * Takes each batch's place in its sensor's sequence, and numbers for its packets: by sensor, of those that are new.
 * The rows' locks make batches of one sensor wait; taken in the order of their names, so that no two wait for each other.
 */
async function claimPlaces(
  tx: Transaction,
  batches: readonly AnalysedBatch[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await tx.query<{ sensor_id: string; first: number }>(
    `INSERT INTO ingest_offsets AS o (sensor_id, epoch, sequence)
     SELECT * FROM unnest($1::text[], $2::text[], $3::int8[]) AS u(sensor_id, epoch, sequence)
     ORDER BY sensor_id
     ON CONFLICT (sensor_id, epoch) DO UPDATE SET sequence = excluded.sequence, updated_at = now()
     WHERE o.sequence < excluded.sequence
     RETURNING sensor_id, nextval('packet_block') AS first`,
    [
      batches.map(({ sensorId }) => sensorId),
      batches.map(({ epoch }) => epoch),
      batches.map(({ sequence }) => sequence),
    ],
  );
  return new Map(rows.map((row) => [row.sensor_id, row.first]));
}

/** A repeat that comes later than this is stored again. */
export async function forgetKeyedPlaces(db: Queryable): Promise<void> {
  await db.query(
    `DELETE FROM ingest_offsets
     WHERE epoch LIKE 'key-%' AND updated_at < now() - make_interval(days => ${KEYED_DAYS})`,
  );
}

/** The last batch stored of each epoch of the sensor, the latest first. */
export async function committedPlaces(
  db: Queryable,
  sensorId: string,
): Promise<{ epoch: string; sequence: number }[]> {
  return db.query(
    `SELECT epoch, sequence FROM ingest_offsets WHERE sensor_id = $1
     ORDER BY updated_at DESC LIMIT 1000`,
    [sensorId],
  );
}

async function copy<Source>(
  tx: Transaction,
  encoder: Encoder,
  table: CopyTable<Source>,
  parts: readonly RowsOf<Source>[],
): Promise<void> {
  if (parts.every(({ count }) => count === 0)) return;
  // Asks for a piece when the driver has handed the one before to the system: then its memory is free.
  await pipeline(encodeRows(encoder.out, table, parts), tx.client.query(copyFrom(table.copySql)));
}

async function reportSensors(tx: Transaction, batches: readonly AnalysedBatch[]): Promise<void> {
  const sorted = [...batches].sort((a, b) => (a.sensorId < b.sensorId ? -1 : 1));
  await tx.query(
    `INSERT INTO sensors AS s (sensor_id, last_seen, batches, packets, kernel_drops, late_packets,
       out_of_order_packets, lost_packets)
     SELECT sensor_id, now(), 1, packets, drops, late, disorder, lost FROM unnest($1::text[], $2::int8[],
       $3::int8[], $4::int8[], $5::int8[], $6::int8[]) AS u(sensor_id, packets, drops, late, disorder, lost)
     ON CONFLICT (sensor_id) DO UPDATE SET
       last_seen = excluded.last_seen,
       batches = s.batches + 1,
       packets = s.packets + excluded.packets,
       kernel_drops = s.kernel_drops + excluded.kernel_drops,
       late_packets = s.late_packets + excluded.late_packets,
       out_of_order_packets = s.out_of_order_packets + excluded.out_of_order_packets,
       lost_packets = s.lost_packets + excluded.lost_packets`,
    [
      sorted.map(({ sensorId }) => sensorId),
      sorted.map(({ packets }) => packets.length),
      sorted.map(({ packets }) => packets.kernelDrops),
      sorted.map(({ latePackets }) => latePackets ?? 0),
      sorted.map(({ outOfOrderPackets }) => outOfOrderPackets ?? 0),
      sorted.map(({ lostPackets }) => lostPackets ?? 0),
    ],
  );
}

async function ensurePartitions(db: Database, batches: readonly AnalysedBatch[]): Promise<void> {
  await db.partitions.ensure(
    db,
    TIERS.packets,
    batches.flatMap(({ packets: { tsMicros, length } }) => [
      ...spansOf(tsMicros.subarray(0, length)),
    ]),
  );
  await db.partitions.ensure(
    db,
    TIERS.flows,
    batches.flatMap(({ flows }) => flows.map((flow) => flow.lastSeenMicros)),
  );
  for (const size of [5, 30, 180] as const) {
    const windows = batches.flatMap((batch) =>
      batch.windows.filter((window) => window.size === size),
    );
    await db.partitions.ensure(
      db,
      WINDOW_TIERS[size],
      windows.map((window) => window.startMicros),
    );
  }
}

/** One time of each hour in turn: most batches lie within one. */
function* spansOf(tsMicros: Float64Array): Iterable<number> {
  const spanMicros = TIERS.packets.seconds * 1e6;
  let lastSpan = Number.NaN;
  for (const micros of tsMicros) {
    const span = Math.floor(micros / spanMicros);
    if (span !== lastSpan) yield micros;
    lastSpan = span;
  }
}

function count(db: Database, batch: AnalysedBatch, result: StoreOutcome): void {
  const { counters } = db;
  if (result === 'duplicate') {
    counters.duplicates++;
    return;
  }
  counters.batches++;
  counters.packets += batch.packets.length;
  counters.flows += batch.flows.length;
  counters.windows += batch.windows.length;
  counters.alerts += batch.alerts.length;
}
