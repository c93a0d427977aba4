/**
 * Each part of a platform of many machines is killed at a random moment while sensors deliver: the rows of each batch,
 * windows, flows, alerts and roll-ups are those of an undisturbed run, none is there twice.
 * PHANTOMNET_FAULT_ROUNDS says how often each; 1 where it is not set.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadJudge } from '../../src/app/model.ts';
import { Pipeline } from '../../src/app/pipeline.ts';
import { whyNoNats } from '../../src/bench/nats-servers.ts';
import { DETECTION_DEFAULTS } from '../../src/core/detection/detection-limits.ts';
import { NeverBlockList } from '../../src/core/response/never-block.ts';
import { ingest } from '../../src/store/ingest.ts';
import { readPolicy } from '../../src/store/policy.ts';
import { listProtected } from '../../src/store/protected.ts';
import { BATCH_CONTENT_TYPE, encodeBatch } from '../../src/stream/batch-codec.ts';
import { withDatabase } from '../support/database.ts';
import { type Cluster, type Machines, startCluster, startMachines } from './cluster.ts';
import { madeBatch, sensorName } from './made-traffic.ts';
import { rowsByBatch, storedDigest } from './stored.ts';

const ROUNDS = Number(process.env.PHANTOMNET_FAULT_ROUNDS ?? 1);
const SENSORS = 3;
const BATCHES = 26;
const PACE_MS = 120;
/** For many disturbances while they deliver. */
const SLOW_PACE_MS = 700;
/** Sensors deliver for about this long when nothing disturbs them. */
const WHILE_MS = BATCHES * PACE_MS;
/** From the end of the disturbance. */
const SETTLE_MS = 45_000;

if (whyNoNats) it.skip(`faults: ${whyNoNats}`, () => {});

describe.skipIf(whyNoNats)('a platform of many machines loses and doubles nothing when', () => {
  let expected: Record<string, unknown>;
  beforeAll(async () => {
    expected = await undisturbed();
    expect(expected.detected_alerts).toMatch(new RegExp(`^${2 * SENSORS} `));
  });

  describe.each(rounds())('round %i', () => {
    describe('with one node', () => {
      let machines: Machines;
      beforeAll(async () => {
        machines = await startMachines(1);
      });
      afterAll(() => machines.stop());

      it('nothing happens', () => disturbed(machines, async () => {}), 90_000);

      it('a worker is killed mid-window, and comes back', async () => {
        await disturbed(machines, killWorkers);
      }, 90_000);

      it('a server is killed, and comes back', async () => {
        await disturbed(machines, killServers);
      }, 90_000);

      it('a sensor is killed, and comes back', async () => {
        await disturbed(machines, killSensors);
      }, 90_000);

      it('the database is killed, and gone for a while', async () => {
        await disturbed(machines, killDatabase);
      }, 90_000);

      it('the database takes nothing for a while, and the stream holds', async () => {
        await disturbed(machines, holdDatabase);
      }, 90_000);

      it('batches come twice, by two ways at once, and late', async () => {
        const cluster = await startCluster(machines, {
          servers: 2,
          workers: 2,
          sensors: SENSORS,
          batches: BATCHES,
          paceMs: 0,
        });
        try {
          await Promise.all(
            Array.from({ length: SENSORS }, (_, sensor) => deliverAgainAndAgain(cluster, sensor)),
          );
          await untilStored(cluster);
          expect(await contentOf(cluster)).toEqual(expected);
        } finally {
          await cluster.stop();
        }
      }, 90_000);
    });

    describe('with three nodes', () => {
      let machines: Machines;
      beforeAll(async () => {
        machines = await startMachines(3);
      });
      afterAll(() => machines.stop());

      it('a node of the stream is killed, and comes back', async () => {
        await disturbed(machines, killNode);
      }, 120_000);

      it('one after the other is killed', async () => {
        const kills = [killWorkers, killServers, killSensors, killDatabase, killNode];
        const inAnyOrder = kills.sort(() => Math.random() - 0.5);
        await disturbed(
          machines,
          async (everything) => {
            for (const kill of inAnyOrder) await kill(everything);
          },
          SLOW_PACE_MS,
        );
      }, 120_000);
    });
  });

  /** Delivers through sensors, with `disturb` at a random moment, and compares. */
  async function disturbed(
    machines: Machines,
    disturb: (everything: Cluster & Omit<Machines, 'stop'>) => Promise<void>,
    paceMs = PACE_MS,
  ): Promise<void> {
    const cluster = await startCluster(machines, {
      servers: 2,
      workers: 2,
      sensors: SENSORS,
      batches: BATCHES,
      paceMs,
    });
    const all = [...cluster.servers, ...cluster.workers, ...cluster.sensors];
    const momentMs = randomInt(WHILE_MS);
    try {
      for (const sensor of cluster.sensors) await sensor.start();
      await sleep(momentMs);
      await disturb({ ...machines, ...cluster });
      await untilStored(cluster);
      for (const sensor of cluster.sensors) {
        await sensor.exited();
        // Twice where it was started again when it had delivered everything.
        expect(sensor.out).toMatch(/^(\{"lostBatches":0,"rejectedBatches":0\}\n)+$/);
      }
      expect(await contentOf(cluster)).toEqual(expected);
    } catch (error) {
      const said = all.map((role) => role.said).join('\n---\n');
      throw new Error(`disturbed after ${momentMs} ms:\n${said}`, { cause: error });
    } finally {
      await cluster.stop();
    }
  }
});

async function killWorkers({ workers }: Pick<Cluster, 'workers'>): Promise<void> {
  for (const worker of workers) {
    await worker.end('SIGKILL');
    await sleep(randomInt(1_500));
    await worker.start();
  }
}

async function killServers({ servers }: Pick<Cluster, 'servers'>): Promise<void> {
  for (const server of servers) {
    await server.end('SIGKILL');
    await sleep(randomInt(500));
    await server.start();
  }
}

async function killSensors({ sensors }: Pick<Cluster, 'sensors'>): Promise<void> {
  for (const sensor of sensors) await sensor.end('SIGKILL');
  await sleep(randomInt(500));
  for (const sensor of sensors) await sensor.start();
}

async function killDatabase({ postgres }: Pick<Machines, 'postgres'>): Promise<void> {
  process.kill(postgres.pid, 'SIGKILL');
  await sleep(randomInt(4_000));
  await until(() => postgres.revive());
}

/** Sensors are answered all the same: what they delivered is in the stream. */
async function holdDatabase({ db, sensors }: Pick<Cluster, 'db' | 'sensors'>): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('LOCK TABLE raw_packets IN ACCESS EXCLUSIVE MODE');
    for (const sensor of sensors) await sensor.exited();
    await sleep(randomInt(2_000));
  });
}

async function killNode({ nats }: Pick<Machines, 'nats'>): Promise<void> {
  const node = randomInt(3);
  await nats.kill(node);
  await sleep(randomInt(4_000));
  await nats.start(node);
}

function rounds(): number[] {
  return Array.from({ length: ROUNDS }, (_, round) => round + 1);
}

/** One analysis a sensor, without any of it. */
async function undisturbed(): Promise<Record<string, unknown>> {
  let content = {};
  await withDatabase(async (db) => {
    const pipeline = new Pipeline({
      analysis: {
        judge: loadJudge(null).judge,
        limits: DETECTION_DEFAULTS,
        policy: await readPolicy(db),
        neverBlock: new NeverBlockList(await listProtected(db)),
      },
      store: (batch) => ingest(db, batch),
      onStored() {},
      onBlocks() {},
      onBug(error) {
        throw error;
      },
    });
    for (let sequence = 0; sequence < BATCHES; sequence++)
      for (let sensor = 0; sensor < SENSORS; sensor++)
        await pipeline.ingest(madeBatch(sensor, sequence, BATCHES), {
          sensorId: sensorName(sensor),
          epoch: 'e',
          sequence,
        });
    content = { ...(await storedDigest(db)), ...(await rowsByBatch(db)) };
  });
  return content;
}

async function contentOf({ db }: Cluster): Promise<Record<string, unknown>> {
  return { ...(await storedDigest(db)), ...(await rowsByBatch(db)) };
}

/** Each sensor's last batch is stored. */
async function untilStored({ db }: Cluster): Promise<void> {
  await until(async () => {
    const [row] = await db.query<{ sensors: number }>(
      'SELECT count(DISTINCT sensor_id) AS sensors FROM ingest_offsets WHERE sequence = $1',
      [BATCHES - 1],
    );
    return row?.sensors === SENSORS;
  });
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error('It did not come to that in time', { cause: last });
}

/** As a sensor whose answers get lost, behind a network that keeps and doubles what it carries. */
async function deliverAgainAndAgain({ urls, keys }: Cluster, sensor: number): Promise<void> {
  const sensorId = sensorName(sensor);
  const post = async (url: string, sequence: number): Promise<boolean> => {
    const batch = madeBatch(sensor, sequence, BATCHES);
    const body = encodeBatch(batch, { sensorId, epoch: 'e', sequence });
    const response = await fetch(`${url}/ingest_packets`, {
      method: 'POST',
      headers: {
        'content-type': BATCH_CONTENT_TYPE,
        authorization: `Bearer ${keys[sensor]}`,
      },
      body: body as Uint8Array<ArrayBuffer>,
    });
    await response.arrayBuffer();
    return response.ok;
  };
  const late: Promise<unknown>[] = [];
  for (let sequence = 0; sequence < BATCHES; sequence++) {
    const both = () => Promise.all(urls.map((url) => post(url, sequence)));
    while (!(await both()).some((isTaken) => isTaken)) await sleep(50);
    const earlier = randomInt(sequence + 1);
    late.push(sleep(randomInt(300)).then(() => post(urls[0] ?? '', earlier)));
  }
  await Promise.all(late);
}
