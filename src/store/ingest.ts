/**
 * One analysed batch into the database, whole or not at all: packets, flows, windows, roll-ups, alerts and
 * the sensor's place in its sequence go into one transaction, so a repeat changes nothing and a crash
 * leaves no half. Some 300 bytes a packet go over the socket, in pieces: the database reads one while the next
 * is encoded.
 */
import { pipeline } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { AnalysedBatch } from '../contract/analysis.ts';
import { AppError } from '../errors.ts';
import { upsertAlerts } from './alert-upsert.ts';
import { type CopyTable, encodeRows } from './columns.ts';
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

/**
 * Resolves after the commit. `duplicate`: this sequence number of the sensor's epoch, or a later one, is
 * stored already, and nothing was changed.
 * @param within writes more into the transaction of a batch that is new.
 * @throws AppError `too_large` above 65,536 packets; `database_unavailable`.
 */
export async function ingest(
  db: Database,
  batch: AnalysedBatch,
  within?: (tx: Queryable) => Promise<void>,
): Promise<'stored' | 'duplicate'> {
  if (batch.packets.length > MAX_BATCH_ROWS) {
    throw new AppError(
      'too_large',
      `Cannot store a batch of ${batch.packets.length} packets: at most ${MAX_BATCH_ROWS}`,
    );
  }
  await ensurePartitions(db, batch);
  const encoder = db.encoders.take();
  try {
    const body = async (tx: Transaction) => {
      const outcome = await write(tx, db, batch, encoder);
      if (outcome === 'stored') await within?.(tx);
      return outcome;
    };
    const result = await storeOnce(db, body, DEADLOCK_RETRIES);
    count(db, batch, result);
    return result;
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
  batch: AnalysedBatch,
  encoder: Encoder,
): Promise<'stored' | 'duplicate'> {
  const firstId = await claimPlace(tx, batch);
  if (firstId === null) return 'duplicate';

  const { packets, verdicts, sensorId, windows } = batch;
  const { addresses, communityIds } = encoder;
  const source = { batch: packets, verdicts, sensorId, addresses, communityIds, firstId };
  await copy(tx, encoder, PACKET_TABLE, source, packets.length);
  const flows: FlowRow[] = batch.flows.map((flow) => ({
    flow,
    country: db.geolocation.countryOf(flow.srcIp),
  }));
  await copy(tx, encoder, FLOW_TABLE, flows, flows.length);
  await copy(tx, encoder, WINDOW_TABLE, windows, windows.length);

  await writeRollups(tx, db, batch);
  const newIds = await upsertAlerts(tx, batch.alerts);
  const newAlerts = batch.alerts.filter(({ id }) => newIds.has(id));
  await markPackets(tx, db, newAlerts);
  await upsertQuietAlerts(tx, batch.quiet ?? []);
  await reportSensor(tx, batch);
  return 'stored';
}

/** Takes the batch's place in its sensor's sequence; the row's lock makes batches of one sensor wait. */
async function claimPlace(tx: Transaction, batch: AnalysedBatch): Promise<number | null> {
  const [row] = await tx.query<{ first: number }>(
    `INSERT INTO ingest_offsets AS o (sensor_id, epoch, sequence) VALUES ($1, $2, $3)
     ON CONFLICT (sensor_id, epoch) DO UPDATE SET sequence = excluded.sequence, updated_at = now()
     WHERE o.sequence < excluded.sequence
     RETURNING nextval('packet_block') AS first`,
    [batch.sensorId, batch.epoch, batch.sequence],
  );
  return row?.first ?? null;
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
  source: Source,
  rows: number,
): Promise<void> {
  if (rows === 0) return;
  // Asks for a piece when the driver has handed the one before to the system: then its memory is free.
  await pipeline(
    encodeRows(encoder.out, table, source, rows),
    tx.client.query(copyFrom(table.copySql)),
  );
}

async function reportSensor(tx: Transaction, batch: AnalysedBatch): Promise<void> {
  await tx.query(
    `INSERT INTO sensors AS s (sensor_id, last_seen, batches, packets, kernel_drops, late_packets,
       out_of_order_packets, lost_packets)
     VALUES ($1, now(), 1, $2, $3, $4, $5, $6)
     ON CONFLICT (sensor_id) DO UPDATE SET
       last_seen = excluded.last_seen,
       batches = s.batches + 1,
       packets = s.packets + excluded.packets,
       kernel_drops = s.kernel_drops + excluded.kernel_drops,
       late_packets = s.late_packets + excluded.late_packets,
       out_of_order_packets = s.out_of_order_packets + excluded.out_of_order_packets,
       lost_packets = s.lost_packets + excluded.lost_packets`,
    [
      batch.sensorId,
      batch.packets.length,
      batch.packets.kernelDrops,
      batch.latePackets ?? 0,
      batch.outOfOrderPackets ?? 0,
      batch.lostPackets ?? 0,
    ],
  );
}

async function ensurePartitions(db: Database, batch: AnalysedBatch): Promise<void> {
  const { tsMicros, length } = batch.packets;
  await db.partitions.ensure(db, TIERS.packets, spansOf(tsMicros.subarray(0, length)));
  await db.partitions.ensure(
    db,
    TIERS.flows,
    batch.flows.map((flow) => flow.lastSeenMicros),
  );
  for (const size of [5, 30, 180] as const) {
    const windows = batch.windows.filter((window) => window.size === size);
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

function count(db: Database, batch: AnalysedBatch, result: 'stored' | 'duplicate'): void {
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
