/**
 * The way over many machines, measured on one: batches into JetStream and out again by the clock; then what a packet
 * costs each part in bytes and processor time, which docs/scaling.md counts with. One node without replicas: a
 * replica costs its node what the first costs. And all of it at once, with three nodes: from the push to the commit.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../app/log.ts';
import { loadJudge } from '../app/model.ts';
import { workOnPartition } from '../app/partition-worker.ts';
import { Pipeline } from '../app/pipeline.ts';
import type { PacketBatch } from '../contract/packet-batch.ts';
import type { Judge } from '../core/engine/judge.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';
import { leasePartition } from '../store/partition-lease.ts';
import { decodeBatch, encodeBatch } from '../stream/batch-codec.ts';
import { JetStream } from '../stream/jetstream.ts';
import { connectNats } from '../stream/nats-connection.ts';
import { partitionOf } from '../stream/partition.ts';
import { compare, type Measure } from './measure.ts';
import { type NatsServers, startNats, whyNoNats } from './nats-servers.ts';
import { cpuSecondsOf } from './process-cpu.ts';
import { readBatches } from './read-batches.ts';

const SENSOR = 'bench';
/** Of different partitions. */
const SENSORS = [SENSOR, 'bench-b'];
const IN_FLIGHT = 16;
const PARTITION_BYTES = 1 << 30;
/** Batches of a quiet sensor: what a batch costs whatever it holds. */
const SMALL_ROWS = 16;
const SMALL_BATCHES = 300;

interface Encoded {
  readonly bytes: Uint8Array;
  readonly sequence: number;
}

export async function* benchStream(say: (line: string) => void): AsyncGenerator<Measure> {
  if (whyNoNats) {
    say(whyNoNats);
    return;
  }
  const read = await readBatches();
  const batches = encodeAll(read);
  const rows = read.reduce((sum, batch) => sum + batch.length, 0);
  const bytes = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
  say(`${rows} packets in ${batches.length} batches`);
  yield absolute('stream.bytes_per_packet', bytes / rows, 'bytes');
  const nats = await startNats(1);
  try {
    let run = 0;
    const through = () => inAndOut(nats, `bench${run++}`, batches, rows);
    const what = { area: 'stream', name: 'stream.rows', unit: 'rows/s', peerName: null };
    yield await compare(what, through, null);
    yield* costs(nats, batches, rows);
  } finally {
    await nats.stop();
  }
  yield absolute('stream.end_to_end_rows', await endToEnd(read, rows), 'rows/s');
}

/** Packets a second from the push to the commit: two sensors, whose partitions this process works on, and three nodes. */
async function endToEnd(read: readonly PacketBatch[], rows: number): Promise<number> {
  const nats = await startNats(3);
  try {
    return await inDatabase(async (db) => {
      const stream = await open(nats, 'all', 3);
      const { judge } = loadJudge(null);
      const sent = SENSORS.map((sensorId) => ({ sensorId, batches: encodeAll(read, sensorId) }));
      const started = performance.now();
      await Promise.all(
        sent.flatMap(({ sensorId, batches }) => [
          push(stream, batches),
          work(db, stream, { sensorId, batches: batches.length, judge }),
        ]),
      );
      const seconds = (performance.now() - started) / 1000;
      await stream.close();
      return (SENSORS.length * rows) / seconds;
    });
  } finally {
    await nats.stop();
  }
}

async function inAndOut(
  nats: NatsServers,
  name: string,
  batches: readonly Encoded[],
  rows: number,
): Promise<number> {
  const stream = await open(nats, name);
  const started = performance.now();
  const reading = (async () => {
    let left = batches.length;
    const signal = new AbortController().signal;
    const place = { partition: partitionOf(SENSOR), after: 0, signal };
    for await (const delivery of stream.deliveries({ ...place, async onSpoilt() {} })) {
      delivery.settle('stored');
      if (--left === 0) return;
    }
  })();
  await push(stream, batches);
  await reading;
  const seconds = (performance.now() - started) / 1000;
  await stream.close();
  return rows / seconds;
}

/** Processor time in s, and bytes, of batches that go all the way. */
interface Costs {
  readonly server: number;
  readonly worker: number;
  readonly database: number;
  readonly nats: number;
  /** By the clock, of a worker. */
  readonly seconds: number;
  readonly storedBytes: number;
  readonly stateBytes: number;
}

async function* costs(
  nats: NatsServers,
  large: readonly Encoded[],
  rows: number,
): AsyncGenerator<Measure> {
  const each = await costsOf(nats, 'large', large);
  const perPacket = (seconds: number) => (seconds * 1e6) / rows;
  yield absolute('stream.server_cpu', perPacket(each.server), 'µs/packet');
  yield absolute('stream.worker_cpu', perPacket(each.worker), 'µs/packet');
  yield absolute('stream.database_cpu', perPacket(each.database), 'µs/packet');
  yield absolute('stream.nats_cpu', perPacket(each.nats), 'µs/packet');
  yield absolute('stream.database_bytes', each.storedBytes / rows, 'bytes/packet');
  yield absolute('stream.state_bytes', each.stateBytes, 'bytes/sensor');
  const small = encodeAll(await readBatches(SMALL_ROWS, SMALL_ROWS * SMALL_BATCHES));
  const tiny = await costsOf(nats, 'small', small);
  const share = (SMALL_ROWS * small.length) / rows;
  const perBatch = (ofSmall: number, ofLarge: number) =>
    ((ofSmall - share * ofLarge) * 1e3) / small.length;
  yield absolute('stream.server_batch_cpu', perBatch(tiny.server, each.server), 'ms/batch');
  yield absolute('stream.worker_batch_cpu', perBatch(tiny.worker, each.worker), 'ms/batch');
  yield absolute('stream.database_batch_cpu', perBatch(tiny.database, each.database), 'ms/batch');
  yield absolute('stream.batch_latency', perBatch(tiny.seconds, each.seconds), 'ms/batch');
}

async function costsOf(
  nats: NatsServers,
  name: string,
  batches: readonly Encoded[],
): Promise<Costs> {
  return inDatabase(async (db, databasePid) => {
    const stream = await open(nats, name);
    const natsBefore = cpuSecondsOf(nats.pids);
    const server = await ownCpu(() => push(stream, batches));
    const databaseBefore = cpuSecondsOf([databasePid]);
    const bytesBefore = await databaseBytes(db);
    const { judge } = loadJudge(null);
    const started = performance.now();
    const worker = await ownCpu(() =>
      work(db, stream, { sensorId: SENSOR, batches: batches.length, judge }),
    );
    const seconds = (performance.now() - started) / 1000;
    const database = cpuSecondsOf([databasePid]) - databaseBefore;
    const ofNats = cpuSecondsOf(nats.pids) - natsBefore;
    const storedBytes = (await databaseBytes(db)) - bytesBefore;
    const [state] = await db.query<{ bytes: number }>(
      'SELECT length(state) AS bytes FROM analysis_states',
    );
    await stream.close();
    const stateBytes = state?.bytes ?? 0;
    return { server, worker, database, nats: ofNats, seconds, storedBytes, stateBytes };
  });
}

/** A new one, embedded. */
async function inDatabase<Result>(
  body: (db: Database, pid: number) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-bench-'));
  const log = { info() {}, warn() {} };
  const postgres = await startEmbedded({ dataDir: join(folder, 'database'), log });
  const db = await openDatabase({ connection: postgres.connection });
  try {
    await migrate(db);
    return await body(db, postgres.pid);
  } finally {
    await db.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function encodeAll(batches: readonly PacketBatch[], sensorId = SENSOR): Encoded[] {
  return batches.map((batch, sequence) => ({
    bytes: encodeBatch(batch, { sensorId, epoch: 'bench', sequence }),
    sequence,
  }));
}

/** As a server does: batches are looked through before they are passed on. */
async function push(stream: JetStream, batches: readonly Encoded[]): Promise<void> {
  const waiting = [...batches];
  const sender = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { batch, meta } = decodeBatch(next.bytes);
      await stream.push(batch, meta, next.bytes);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
}

/** As a worker does, until all are stored and the state is written. */
async function work(
  db: Database,
  stream: JetStream,
  { sensorId, batches, judge }: { sensorId: string; batches: number; judge: Judge | null },
): Promise<void> {
  const partition = partitionOf(sensorId);
  const lease = await leasePartition(db, partition);
  if (!lease) throw new Error('the partition is taken');
  const stop = new AbortController();
  let stored = 0;
  await workOnPartition(
    {
      partition,
      lease,
      stream,
      snapshotMs: 30_000,
      log: createLog('silent'),
      onQuarantine() {},
      onLoss() {},
      pipeline: (parts) =>
        new Pipeline({
          analysis: { judge },
          onBlocks() {},
          onBug(error) {
            throw error;
          },
          onStored() {
            if (++stored === batches) stop.abort();
          },
          ...parts,
        }),
    },
    stop.signal,
  );
  await lease.release();
}

async function open(nats: NatsServers, name: string, replicas = 1): Promise<JetStream> {
  const connection = await connectNats({ servers: nats.urls, caFile: null, name });
  return JetStream.open(connection, { name, replicas, partitionBytes: PARTITION_BYTES });
}

async function databaseBytes(db: Database): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    'SELECT pg_database_size(current_database()) AS bytes',
  );
  return row?.bytes ?? 0;
}

/** Processor time of this process, all threads, s. */
async function ownCpu(body: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await body();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function absolute(name: string, ours: number, unit: string): Measure {
  return { area: 'stream', name, ours, peer: null, peer_name: null, ratio: null, unit };
}
