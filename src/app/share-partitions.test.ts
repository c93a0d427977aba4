/** Workers in this process over a real stream and a real database: they come, go and share, and the result is the same. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { madeBatch, sensorName } from '../../test/scale/made-traffic.ts';
import { rowsByBatch, storedDigest } from '../../test/scale/stored.ts';
import { withDatabase } from '../../test/support/database.ts';
import { type NatsServers, startNats, whyNoNats } from '../bench/nats-servers.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import { AppError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { ingest } from '../store/ingest.ts';
import { leasePartition } from '../store/partition-lease.ts';
import { listQuarantined } from '../store/quarantine.ts';
import { neededAfter } from '../store/stream-places.ts';
import { JetStream } from '../stream/jetstream.ts';
import { connectNats } from '../stream/nats-connection.ts';
import { PARTITIONS, partitionOf } from '../stream/partition.ts';
import { createLog } from './log.ts';
import { workOnPartition } from './partition-worker.ts';
import { Pipeline } from './pipeline.ts';
import { sharePartitions } from './share-partitions.ts';
import { StreamWatch } from './stream-watch.ts';

const SENSORS = 5;
const BATCHES = 14;
const log = createLog('silent');

if (whyNoNats) it.skip(`workers over JetStream: ${whyNoNats}`, () => {});

describe.skipIf(whyNoNats)('workers over JetStream', () => {
  let nats: NatsServers;
  beforeAll(async () => {
    nats = await startNats(1);
  });
  afterAll(() => nats.stop());

  async function openStream(name = `t${randomUUID().slice(0, 8)}`): Promise<JetStream> {
    const connection = await connectNats({ servers: nats.urls, caFile: null, name: 'test' });
    return JetStream.open(connection, { name, replicas: 1, partitionBytes: 16 << 20 });
  }

  interface Running {
    held: readonly number[];
    stop(): Promise<void>;
  }

  function startWorker(db: Database, stream: JetStream, snapshotMs: number): Running {
    const stopping = new AbortController();
    const running: Running = {
      held: [],
      async stop() {
        stopping.abort();
        await done;
      },
    };
    const done = sharePartitions(
      {
        db,
        partitions: PARTITIONS,
        log,
        lookMs: 50,
        onHeld(partitions) {
          running.held = partitions;
        },
        work: (partition, lease, signal) =>
          workOnPartition(
            {
              partition,
              lease,
              stream,
              snapshotMs,
              log,
              onQuarantine() {},
              onLoss: (what, count) => losses.push(`${count} ${what}`),
              pipeline: (parts) => new Pipeline({ ...pipelineParts, ...parts }),
            },
            signal,
          ),
      },
      stopping.signal,
    );
    return running;
  }

  /** What the workers of a test said was lost. */
  let losses: string[] = [];
  beforeEach(() => {
    losses = [];
  });

  const pipelineParts = {
    analysis: { judge: null },
    onStored() {},
    onBlocks() {},
    onBug(error: unknown) {
      throw error;
    },
  };

  const place = (sensor: number, sequence: number) => ({
    sensorId: sensorName(sensor),
    epoch: 'e',
    sequence,
  });

  async function deliver(stream: JetStream, from: number, to: number): Promise<void> {
    for (let sequence = from; sequence < to; sequence++)
      for (let sensor = 0; sensor < SENSORS; sensor++)
        await stream.push(madeBatch(sensor, sequence, BATCHES), place(sensor, sequence));
  }

  /** One pipeline without a stream. */
  async function undisturbed() {
    let result = {};
    await withDatabase(async (db) => {
      const pipeline = new Pipeline({ ...pipelineParts, store: (batch) => ingest(db, batch) });
      for (let sequence = 0; sequence < BATCHES; sequence++)
        for (let sensor = 0; sensor < SENSORS; sensor++)
          await pipeline.ingest(madeBatch(sensor, sequence, BATCHES), place(sensor, sequence));
      const digest = await storedDigest(db);
      // An attack and a scan a sensor.
      expect(digest.detected_alerts).toMatch(new RegExp(`^${2 * SENSORS} `));
      result = { ...digest, ...(await rowsByBatch(db)) };
    });
    return result;
  }

  async function untilStored(db: Database, sequence: number): Promise<void> {
    const behind = async () => {
      const [row] = await db.query<{ count: number }>(
        'SELECT count(*) AS count FROM ingest_offsets WHERE sequence >= $1',
        [sequence],
      );
      return SENSORS - (row?.count ?? 0);
    };
    await expect.poll(behind, { timeout: 30_000 }).toBe(0);
  }

  it.each([1, 3])('%i give what one analysis without a stream gives', async (workers) => {
    const expected = await undisturbed();
    await withDatabase(async (db) => {
      const stream = await openStream();
      const running = Array.from({ length: workers }, () => startWorker(db, stream, 200));
      await deliver(stream, 0, BATCHES);
      await untilStored(db, BATCHES - 1);
      for (const one of running) await one.stop();
      await stream.close();
      expect({ ...(await storedDigest(db)), ...(await rowsByBatch(db)) }).toEqual(expected);
    });
  });

  it.each([
    ['leaving its states', 1e9, 'stop'],
    ['dying with states in the database', 0, 'die'],
    ['dying with none', 1e9, 'die'],
  ] as const)('one goes on where another ends mid-window, %s', async (_, snapshotMs, end) => {
    const expected = await undisturbed();
    await withDatabase(async (db) => {
      const name = `t${randomUUID().slice(0, 8)}`;
      for (const [from, to] of [
        [0, 5],
        [5, 9],
        [9, BATCHES],
      ] as const) {
        const stream = await openStream(name);
        const worker = startWorker(db, stream, snapshotMs);
        await deliver(stream, from, to);
        await untilStored(db, to - 1);
        if (end === 'die') await killSessions(db);
        await worker.stop();
        await stream.close();
      }
      expect({ ...(await storedDigest(db)), ...(await rowsByBatch(db)) }).toEqual(expected);
    });
  });

  it('go on from a state that is older than what the stream begins with, of a sensor that had been silent', async () => {
    const expected = await undisturbed();
    await withDatabase(async (db) => {
      const name = `t${randomUUID().slice(0, 8)}`;
      const partition = partitionOf(sensorName(0));
      const neighbour = neighbourOf(sensorName(0));
      for (const [from, to, snapshotMs] of [
        [0, 5, 0],
        [5, 6, 1e9],
        [6, BATCHES, 0],
      ] as const) {
        const stream = await openStream(name);
        const worker = startWorker(db, stream, snapshotMs);
        await deliver(stream, from, to);
        await untilStored(db, to - 1);
        if (from === 0) {
          const end = new PacketBatch(1);
          const { last } = await stream.state(partition);
          const needed = () => neededAfter(db, partition);
          await expect.poll(needed, { timeout: 10_000 }).toBe(last);
          for (const sequence of [0, 1, 2])
            await stream.push(end, { sensorId: neighbour, epoch: 'e', sequence });
          await expect.poll(needed, { timeout: 10_000 }).toBe(last + 3);
          await stream.trim(partition, await needed());
        }
        await killSessions(db);
        // Until it has heard of it: what ends in order leaves its states.
        await sleep(300);
        await worker.stop();
        await stream.close();
      }
      expect({ ...(await storedDigest(db)), ...(await rowsByBatch(db)) }).toEqual(expected);
      expect(losses).toEqual([]);
    });
  });

  it('say that batches are missing when an analysis is counted again, and windows are not complete', async () => {
    await withDatabase(async (db) => {
      const name = `t${randomUUID().slice(0, 8)}`;
      const partition = partitionOf(sensorName(0));
      for (const [from, to] of [
        [0, 9],
        [9, BATCHES],
      ] as const) {
        const stream = await openStream(name);
        const worker = startWorker(db, stream, 1e9);
        await deliver(stream, from, to);
        await untilStored(db, to - 1);
        await worker.stop();
        await stream.close();
        if (from > 0) continue;
        // As if it had died before it wrote any.
        await db.query('UPDATE analysis_states SET state = NULL, state_position = 0');
        await lose(name, partition, 6);
      }
      expect(losses).toEqual(['1 batches']);
      const [row] = await db.query<{ count: number }>(
        'SELECT count(*) AS count FROM features_180s WHERE sensor_id = $1 AND completeness < 1',
        [sensorName(0)],
      );
      expect(row?.count).toBeGreaterThan(0);
    });
  });

  /** As a node that comes back with less than it had. */
  async function lose(name: string, partition: number, position: number): Promise<void> {
    const connection = await connectNats({ servers: nats.urls, caFile: null, name: 'lose' });
    const manager = await jetstreamManager(connection);
    await manager.streams.deleteMessage(`${name}-${partition}`, position);
    await connection.close();
  }

  /** Another sensor of the same partition. */
  function neighbourOf(sensorId: string): string {
    for (let number = 0; ; number++)
      if (partitionOf(`n${number}`) === partitionOf(sensorId)) return `n${number}`;
  }

  /** As if the workers' process had ended: their sessions do. */
  async function killSessions(db: Database): Promise<void> {
    await db.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks
       WHERE locktype = 'advisory' AND objsubid = 2 AND pid <> pg_backend_pid()`,
    );
  }

  it('share what there is, and one that comes gets its part', async () => {
    await withDatabase(async (db) => {
      const stream = await openStream();
      const watch = new StreamWatch(db, stream);
      await deliver(stream, 0, 1);
      expect(await watch.troubles()).toEqual([expect.stringMatching(/^no worker is connected/)]);
      const waiting = async () =>
        (await watch.look())?.waiting.reduce((sum: number, one) => sum + (one ?? 0), 0);
      expect(await waiting()).toBe(SENSORS);
      const first = startWorker(db, stream, 1e9);
      await expect.poll(waiting, { timeout: 20_000, interval: 200 }).toBe(0);
      expect(await watch.troubles()).toEqual([]);
      await expect.poll(() => first.held.length, { timeout: 20_000 }).toBe(16);
      const second = startWorker(db, stream, 1e9);
      await expect
        .poll(() => [first.held.length, second.held.length], { timeout: 20_000 })
        .toEqual([8, 8]);
      expect(new Set([...first.held, ...second.held]).size).toBe(16);
      await first.stop();
      await expect.poll(() => second.held.length, { timeout: 20_000 }).toBe(16);
      await second.stop();
      await stream.close();
    });
  });

  it("commit nothing for a partition that is another's", async () => {
    await withDatabase(async (db) => {
      const mine = await leasePartition(db, 3);
      expect(await leasePartition(db, 3)).toBeNull();
      await killSessions(db);
      const theirs = await leasePartition(db, 3);
      expect(theirs).not.toBeNull();
      const commit = mine?.db.transaction((tx) => tx.query('SELECT 1'));
      await expect(commit).rejects.toBeInstanceOf(AppError);
      expect(mine?.lost.aborted).toBe(true);
      await mine?.release();
      await theirs?.release();
    });
  });

  it('set aside what can never be stored, with the reason, and go on', async () => {
    await withDatabase(async (db) => {
      const name = `t${randomUUID().slice(0, 8)}`;
      const stream = await openStream(name);
      const stranger = await connectNats({ servers: nats.urls, caFile: null, name: 'stranger' });
      const partition = partitionOf(sensorName(0));
      stranger.publish(`${name}.${partition}.x`, 'what is this');
      await stranger.flush();
      await stranger.close();
      await stream.push(madeBatch(0, 0, BATCHES), place(0, 0));
      const worker = startWorker(db, stream, 1e9);
      const stored = async () => (await rowsByBatch(db))[`${sensorName(0)} 0`];
      await expect.poll(stored, { timeout: 20_000 }).toBeGreaterThan(0);
      const watch = new StreamWatch(db, stream);
      expect(await watch.troubles()).toEqual([expect.stringMatching(/^1 batches can never/)]);
      expect(await listQuarantined(db)).toMatchObject([
        { sensor_id: null, bytes: 12, reason: expect.stringContaining('Cannot read') },
      ]);
      await worker.stop();
      await stream.close();
    });
  });

  it('let the stream forget what is stored and in the states, also of a sensor that fell silent', async () => {
    await withDatabase(async (db) => {
      const stream = await openStream();
      const worker = startWorker(db, stream, 100);
      await deliver(stream, 0, 3);
      await untilStored(db, 2);
      const partition = partitionOf(sensorName(0));
      const { last } = await stream.state(partition);
      await expect.poll(() => neededAfter(db, partition), { timeout: 10_000 }).toBe(last);
      const first = async () => (await stream.state(partition)).first;
      await expect.poll(first, { timeout: 10_000 }).toBe(last + 1);
      await worker.stop();
      await stream.close();
    });
  });
});
