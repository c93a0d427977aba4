/**
 * The way over many machines, measured on one: batches into JetStream and out again by the clock; then what a packet
 * costs each part in bytes and processor time, which docs/scaling.md counts with. One node without replicas: a
 * replica costs its node what the first costs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../app/log.ts';
import { loadJudge } from '../app/model.ts';
import { workOnPartition } from '../app/partition-worker.ts';
import { Pipeline } from '../app/pipeline.ts';
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
const IN_FLIGHT = 16;
const PARTITION_BYTES = 1 << 30;

interface Encoded {
  readonly bytes: Uint8Array;
  readonly sequence: number;
}

export async function* benchStream(say: (line: string) => void): AsyncGenerator<Measure> {
  if (whyNoNats) {
    say(whyNoNats);
    return;
  }
  const batches = (await readBatches()).map((batch, sequence) => ({
    bytes: encodeBatch(batch, { sensorId: SENSOR, epoch: 'bench', sequence }),
    rows: batch.length,
    sequence,
  }));
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
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

async function* costs(
  nats: NatsServers,
  batches: readonly Encoded[],
  rows: number,
): AsyncGenerator<Measure> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-bench-'));
  const log = { info() {}, warn() {} };
  const postgres = await startEmbedded({ dataDir: join(folder, 'database'), log });
  const db = await openDatabase({ connection: postgres.connection });
  try {
    await migrate(db);
    const stream = await open(nats, 'costs');
    const perPacket = (seconds: number) => (seconds * 1e6) / rows;
    const streamBefore = cpuSecondsOf(nats.pids);
    const front = await ownCpu(() => push(stream, batches));
    yield absolute('stream.front_end_cpu', perPacket(front), 'µs/packet');
    const databaseBefore = cpuSecondsOf([postgres.pid]);
    const bytesBefore = await databaseBytes(db);
    const worker = await ownCpu(() => work(db, stream, batches.length));
    yield absolute('stream.worker_cpu', perPacket(worker), 'µs/packet');
    const database = cpuSecondsOf([postgres.pid]) - databaseBefore;
    yield absolute('stream.database_cpu', perPacket(database), 'µs/packet');
    yield absolute(
      'stream.nats_cpu',
      perPacket(cpuSecondsOf(nats.pids) - streamBefore),
      'µs/packet',
    );
    const stored = (await databaseBytes(db)) - bytesBefore;
    yield absolute('stream.database_bytes', stored / rows, 'bytes');
    const [state] = await db.query<{ bytes: number }>(
      'SELECT length(state) AS bytes FROM analysis_states',
    );
    yield absolute('stream.state_bytes', state?.bytes ?? 0, 'bytes/sensor');
    await stream.close();
  } finally {
    await db.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
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
async function work(db: Database, stream: JetStream, batches: number): Promise<void> {
  const partition = partitionOf(SENSOR);
  const lease = await leasePartition(db, partition);
  if (!lease) throw new Error('the partition is taken');
  const stop = new AbortController();
  let stored = 0;
  const { judge } = loadJudge(null);
  await workOnPartition(
    {
      partition,
      lease,
      stream,
      snapshotMs: 30_000,
      log: createLog('silent'),
      onQuarantine() {},
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

async function open(nats: NatsServers, name: string): Promise<JetStream> {
  const connection = await connectNats({ servers: nats.urls, caFile: null, name });
  return JetStream.open(connection, { name, replicas: 1, partitionBytes: PARTITION_BYTES });
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
