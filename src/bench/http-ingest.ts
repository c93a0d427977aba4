/**
 * The way of a batch over HTTP into the store of `phantomnet up`, a process of its own: packets a second from two
 * sensors that each send the next batch when the one before is stored; then fifty sensors, as fast as they are
 * answered, and at half of that rate, each at its own beat: how long it takes until one is answered, counted from
 * when it should have gone. And the memory that the server has taken by then.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalAccess, readLocalAccess } from '../app/local-access.ts';
import { ApiKeyCreated } from '../contract/api.ts';
import type { PacketBatch } from '../contract/packet-batch.ts';
import { ServerLink } from '../sensor/server-link.ts';
import { BATCH_CONTENT_TYPE, encodeBatch } from '../stream/batch-codec.ts';
import type { Measure } from './measure.ts';
import { readBatches } from './read-batches.ts';

const START_MS = 60_000;
const ANSWER_MS = 30_000;
const WRITERS = 2;
const SENSORS = 50;
/** What a sensor of some hundred packets a second sends. */
const SMALL_ROWS = 512;
const SMALL_BATCHES = 12;
const HALF_SECONDS = 20;

interface Sensor {
  readonly id: string;
  readonly key: string;
  readonly link: ServerLink;
  /** Encoded, and how many packets each holds; oldest first. */
  readonly batches: { bytes: Uint8Array; rows: number }[];
}

export async function* benchHttpIngest(say: (line: string) => void): AsyncGenerator<Measure> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-bench-'));
  const port = await freePort();
  const main = process.argv[1] ?? '';
  const words = ['up', '--no-demo', '--no-capture', '--no-lures', '--data-dir', folder];
  const server = spawn(process.execPath, [main, ...words, '--port', String(port)], {
    stdio: 'ignore',
    env: { ...process.env, PHANTOMNET_LOG: 'error' },
  });
  try {
    const access = await untilUp(folder, server);
    const large = await readBatches();
    const writers = await sensorsOf(access, 'writer', WRITERS, large, large.length);
    yield absolute('ingest.http_rows', await atFullSpeed(writers), 'rows/s');
    yield absolute('ingest.server_peak_mb', peakMegabytes(server.pid ?? 0), 'MB');
    const small = await readBatches(SMALL_ROWS);
    const many = await sensorsOf(access, 'sensor', SENSORS, small, SMALL_BATCHES);
    const full = await atFullSpeed(many);
    yield absolute('ingest.http_rows_50_sensors', full, 'rows/s');
    const beatMs = (1000 * SENSORS * SMALL_ROWS) / (full / 2);
    const beats = Math.ceil((1000 * HALF_SECONDS) / beatMs);
    const calm = many.map((sensor) => ({
      ...sensor,
      batches: encoded(sensor.id, small, SMALL_BATCHES, beats),
    }));
    const times = await atBeat(calm, beatMs);
    for (const { link } of [...writers, ...calm]) link.close();
    say(
      `${times.length} batches of ${SMALL_ROWS} packets, each sensor one in ${Math.round(beatMs)} ms`,
    );
    yield absolute('ingest.ack_p50_ms', quantile(times, 0.5), 'ms');
    yield absolute('ingest.ack_p99_ms', quantile(times, 0.99), 'ms');
    yield absolute('ingest.server_peak_50_sensors_mb', peakMegabytes(server.pid ?? 0), 'MB');
  } finally {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
}

async function untilUp(dataDir: string, server: ChildProcess): Promise<LocalAccess> {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(100)) {
    if (server.exitCode !== null) throw new Error(`the platform ended with ${server.exitCode}`);
    const access = await readLocalAccess(dataDir);
    if (access) return access;
  }
  throw new Error('the platform does not start');
}

/** Each with a key of its own, and the first `count` of these batches as it would send them, over and over. */
async function sensorsOf(
  { url, key }: LocalAccess,
  name: string,
  sensors: number,
  batches: readonly PacketBatch[],
  count: number,
): Promise<Sensor[]> {
  const made: Sensor[] = [];
  for (let index = 0; index < sensors; index++) {
    const id = `${name}-${index}`;
    const answer = await fetch(`${url}/api/v1/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: id, role: 'sensor' }),
    });
    const { secret } = ApiKeyCreated.parse(await answer.json());
    const link = new ServerLink(new URL('/ingest_packets', url));
    made.push({ id, key: secret, link, batches: encoded(id, batches, 0, count) });
  }
  return made;
}

/** `count` batches from the one on that is the sensor's next. */
function encoded(
  sensorId: string,
  batches: readonly PacketBatch[],
  from: number,
  count: number,
): Sensor['batches'] {
  return Array.from({ length: count }, (_, index) => {
    const sequence = from + index;
    const batch = batches[sequence % batches.length] as PacketBatch;
    return {
      bytes: encodeBatch(batch, { sensorId, epoch: 'bench', sequence }),
      rows: batch.length,
    };
  });
}

/** Rows a second, of all together. */
async function atFullSpeed(sensors: readonly Sensor[]): Promise<number> {
  const began = performance.now();
  await Promise.all(
    sensors.map(async (sensor) => {
      for (const { bytes } of sensor.batches) await send(sensor, bytes);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  return (
    sensors.flatMap(({ batches }) => batches).reduce((sum, { rows }) => sum + rows, 0) / seconds
  );
}

/** ms from when each batch should have gone to its answer. The sensors' beats are spread evenly. */
async function atBeat(sensors: readonly Sensor[], beatMs: number): Promise<number[]> {
  const times: number[] = [];
  const began = performance.now();
  await Promise.all(
    sensors.map(async (sensor, index) => {
      for (const [beat, { bytes }] of sensor.batches.entries()) {
        const due = began + (beat + index / sensors.length) * beatMs;
        await sleep(Math.max(0, due - performance.now()));
        await send(sensor, bytes);
        times.push(performance.now() - due);
      }
    }),
  );
  return times.sort((a, b) => a - b);
}

/** Until it is taken; a server that is busy says when to come again. */
async function send({ key, link }: Sensor, bytes: Uint8Array): Promise<void> {
  for (;;) {
    const headers = { authorization: `Bearer ${key}`, 'content-type': BATCH_CONTENT_TYPE };
    const { status, statusLine, headers: answered } = await link.post(headers, bytes, ANSWER_MS);
    if (status < 300) return;
    if (status !== 429 && status !== 503) throw new Error(`the server answers ${statusLine}`);
    await sleep(1000 * Number(answered['retry-after'] ?? 1));
  }
}

/** The most that the process itself has had resident, Linux only. */
function peakMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

function absolute(name: string, ours: number, unit: string): Measure {
  return { area: 'http-ingest', name, ours, peer: null, peer_name: null, ratio: null, unit };
}
