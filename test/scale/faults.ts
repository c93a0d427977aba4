/** The catalogue of faults: each is done to a scene at a random moment, while sensors deliver. */
import { setTimeout as sleep } from 'node:timers/promises';
import { BATCH_CONTENT_TYPE, encodeBatch } from '../../src/stream/batch-codec.ts';
import { madeBatch, sensorName } from './made-traffic.ts';
import type { OwnDisk } from './one-machine.ts';
import type { Role } from './role.ts';
import { type DatabaseServer, holdDatabase, type Scene } from './scene.ts';
import type { SeededRandom } from './seeded-random.ts';
import { until } from './until.ts';

export type Shape =
  | 'one machine'
  | 'many machines'
  | 'many machines, two databases'
  | 'many machines, three nodes';

export interface Fault {
  readonly name: string;
  readonly shape: Shape;
  /** On a disk of its own; it is one machine's. */
  readonly ownDisk?: OwnDisk;
  /** Of sensors, between two batches; default 120. */
  readonly paceMs?: number;
  /** Delivers by itself: the scene's sensors are not started. */
  readonly isDelivery?: boolean;
  /** Captured packets may be lost, counted. */
  readonly mayLose?: boolean;
  /** Not in every test run: another of its shape, or the same of one machine, has it as well. */
  readonly isOnDemand?: boolean;
  disturb(scene: Scene, random: SeededRandom): Promise<void>;
}

/** The database is away for ten minutes where this is set; otherwise for some seconds. */
export const isLong = process.env.PHANTOMNET_FAULT_LONG === '1';
const LONG_MS = 600_000;

export const SENSORS = 3;
export const BATCHES = 26;

const many = 'many machines';
const two = 'many machines, two databases';
const one = 'one machine';

export const FAULTS: readonly Fault[] = [
  { name: 'nothing', shape: one, disturb: async () => {} },
  { name: 'the platform is killed', shape: one, disturb: killServers },
  { name: 'sensors are killed', shape: one, disturb: killSensors },
  { name: 'the database is killed', shape: one, disturb: killDatabase },
  { name: 'the database is away for long', shape: one, disturb: databaseAway },
  {
    name: 'everything is killed, one after the other',
    shape: one,
    paceMs: 500,
    disturb: (scene, random) => inAnyOrder([killServers, killSensors, killDatabase], scene, random),
  },
  { name: 'batches come twice and late', shape: one, isDelivery: true, disturb: deliverTwice },
  {
    name: "the database's disk is nearly full",
    shape: one,
    ownDisk: 'database',
    disturb: (scene, random) => fillDisk(scene, random, 32 << 20),
  },
  {
    name: "the database's disk is full to the last byte",
    shape: one,
    ownDisk: 'database',
    disturb: (scene, random) => fillDisk(scene, random, 0),
  },
  {
    name: "the spool's disk is full",
    shape: one,
    ownDisk: 'spools',
    // There is room again before the last batch.
    paceMs: 250,
    mayLose: true,
    disturb: fillSpools,
  },
  {
    name: "the journal's disk is full, then the platform is killed",
    shape: one,
    ownDisk: 'analysis',
    paceMs: 500,
    async disturb(scene, random) {
      await fillDisk(scene, random, 0);
      // From the next state on it is kept again.
      await sleep(2_500 + random.below(1_000));
      await killServers(scene, random);
    },
  },
  { name: 'nothing', shape: many, isOnDemand: true, disturb: async () => {} },
  { name: 'workers are killed mid-window', shape: many, disturb: killWorkers },
  { name: 'partitions are handed over mid-window', shape: many, disturb: handOver },
  { name: 'servers are killed', shape: many, isOnDemand: true, disturb: killServers },
  { name: 'sensors are killed', shape: many, isOnDemand: true, disturb: killSensors },
  { name: 'the database is killed', shape: many, isOnDemand: true, disturb: killDatabase },
  { name: 'the database is away for long', shape: many, isOnDemand: true, disturb: databaseAway },
  { name: 'batches come twice and late', shape: many, isDelivery: true, disturb: deliverTwice },
  { name: 'nothing', shape: two, isOnDemand: true, disturb: async () => {} },
  { name: 'workers are killed mid-window', shape: two, isOnDemand: true, disturb: killWorkers },
  {
    name: 'partitions are handed over mid-window',
    shape: two,
    isOnDemand: true,
    disturb: handOver,
  },
  { name: 'the home is killed', shape: two, isOnDemand: true, disturb: killDatabase },
  {
    name: 'the second database is killed',
    shape: two,
    disturb: (scene, random) => killDatabase(secondOf(scene), random),
  },
  {
    name: 'the second database is away for long',
    shape: two,
    isOnDemand: true,
    disturb: (scene, random) => databaseAway(secondOf(scene), random),
  },
  {
    name: 'batches come twice and late',
    shape: two,
    isDelivery: true,
    isOnDemand: true,
    disturb: deliverTwice,
  },
  {
    name: 'everything is killed, one after the other',
    shape: two,
    paceMs: 600,
    disturb(scene, random) {
      const killSecond: Disturb = (each, moment) => killDatabase(secondOf(each), moment);
      const kills = [killWorkers, killServers, killSensors, killDatabase, killSecond];
      return inAnyOrder(kills, scene, random);
    },
  },
  { name: 'a node of the stream is killed', shape: `${many}, three nodes`, disturb: killNode },
  {
    name: 'everything is killed, one after the other',
    shape: `${many}, three nodes`,
    paceMs: 700,
    disturb: (scene, random) =>
      inAnyOrder([killWorkers, killServers, killSensors, killDatabase, killNode], scene, random),
  },
];

type Disturb = Fault['disturb'];

async function inAnyOrder(
  kills: readonly Disturb[],
  scene: Scene,
  random: SeededRandom,
): Promise<void> {
  for (const kill of random.shuffled(kills)) await kill(scene, random);
}

/** As whatever looks after processes does: where it does not come up, because the stream has no leader yet, again. */
async function restart(role: Role): Promise<void> {
  await until(async () => {
    await role.start();
    return true;
  });
}

async function killWorkers({ workers }: Scene, random: SeededRandom): Promise<void> {
  for (const worker of workers) {
    await worker.end('SIGKILL');
    await sleep(random.below(1_500));
    await restart(worker);
  }
}

/** One joins and takes its share, another leaves and gives its own back, both while windows are open. */
async function handOver({ workers, newWorker }: Scene, random: SeededRandom): Promise<void> {
  const [first] = workers;
  const joining = newWorker();
  try {
    await joining.start();
    await sleep(1_000 + random.below(1_000));
    await first?.end('SIGINT');
    await sleep(random.below(1_000));
    if (first) await restart(first);
    await sleep(random.below(1_000));
  } finally {
    await joining.end('SIGINT');
  }
}

async function killServers({ servers }: Scene, random: SeededRandom): Promise<void> {
  for (const server of servers) {
    await server.end('SIGKILL');
    await sleep(random.below(500));
    await restart(server);
  }
}

async function killSensors({ sensors }: Scene, random: SeededRandom): Promise<void> {
  for (const sensor of sensors) await sensor.end('SIGKILL');
  await sleep(random.below(500));
  for (const sensor of sensors) await restart(sensor);
}

async function killDatabase(scene: DatabaseServer, random: SeededRandom): Promise<void> {
  const pid = await scene.postmaster();
  if (pid !== null) process.kill(pid, 'SIGKILL');
  await sleep(random.below(4_000));
  await until(() => scene.reviveDatabase());
}

async function databaseAway(server: DatabaseServer, random: SeededRandom): Promise<void> {
  await holdDatabase(server, () => sleep(isLong ? LONG_MS : 5_000 + random.below(5_000)));
}

function secondOf({ second }: Scene): DatabaseServer {
  if (!second) throw new Error('The store is one database');
  return second;
}

async function killNode({ nats }: Scene, random: SeededRandom): Promise<void> {
  const node = random.below(3);
  await nats?.kill(node);
  await sleep(random.below(4_000));
  await nats?.start(node);
}

/** Until the platform has said so; then there is room again. */
async function fillDisk(scene: Scene, random: SeededRandom, leftBytes: number): Promise<void> {
  const { disk, urls, servers, db } = scene;
  if (!disk) throw new Error('There is no disk to fill');
  const end = performance.now() + 3_000 + random.below(2_000);
  let isSaid = false;
  while (performance.now() < end || !isSaid) {
    await disk.fill(leftBytes);
    // A new segment of its log: what PostgreSQL does not survive without room.
    if (leftBytes === 0) await db.query('SELECT pg_switch_wal(), txid_current()').catch(() => {});
    const health = await fetch(`${urls[0]}/health`);
    const { reasons } = (await health.json()) as { reasons: string[] };
    isSaid ||= reasons.some((reason) => /^the disk of the \w+ is full: \/.+ has less/.test(reason));
    await sleep(100);
    if (performance.now() > end + 10_000) throw new Error(`Nobody said it: ${reasons}`);
  }
  await disk.clear();
  const said = servers[0]?.said ?? '';
  const times = said.match(/"msg":"the disk of the \w+ is full/g)?.length;
  if (times !== 1) throw new Error(`It was said ${times} times in the log`);
  if (leftBytes > 0 && said.includes('had gone')) throw new Error('PostgreSQL did not survive it');
}

async function fillSpools({ disk, sensors }: Scene, random: SeededRandom): Promise<void> {
  await disk?.fill();
  await sleep(1_000 + random.below(1_000));
  await disk?.clear();
  if (!sensors.every(({ isRunning }) => isRunning)) throw new Error('A sensor has ended');
}

/** As sensors whose answers get lost, behind a network that keeps and doubles what it carries. */
async function deliverTwice({ urls, keys }: Scene, random: SeededRandom): Promise<void> {
  const deliver = async (sensor: number) => {
    const sensorId = sensorName(sensor);
    const post = async (url: string, sequence: number): Promise<boolean> => {
      const batch = madeBatch(sensor, sequence, BATCHES);
      const body = encodeBatch(batch, { sensorId, epoch: 'e', sequence });
      const response = await fetch(`${url}/ingest_packets`, {
        method: 'POST',
        headers: { 'content-type': BATCH_CONTENT_TYPE, authorization: `Bearer ${keys[sensor]}` },
        body: body as Uint8Array<ArrayBuffer>,
      });
      await response.arrayBuffer();
      return response.ok;
    };
    const first = urls[0] ?? '';
    const late: Promise<unknown>[] = [];
    for (let sequence = 0; sequence < BATCHES; sequence++) {
      const both = () =>
        Promise.all([first, urls.at(-1) ?? first].map((url) => post(url, sequence)));
      while (!(await both()).some((isTaken) => isTaken)) await sleep(50);
      const earlier = random.below(sequence + 1);
      late.push(sleep(random.below(300)).then(() => post(first, earlier)));
    }
    await Promise.all(late);
  };
  await Promise.all(Array.from({ length: SENSORS }, (_, sensor) => deliver(sensor)));
}
