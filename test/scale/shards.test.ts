/** A store of two databases as people see it: through a server, whole, and with one of the two gone. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoNats } from '../../src/bench/nats-servers.ts';
import type { Alert } from '../../src/contract/alert.ts';
import type { AlertPage, FlowPage, Health, Overview, PacketPage } from '../../src/contract/api.ts';
import type { AlertActionResult } from '../../src/contract/triage.ts';
import { hashSecret, randomApiKey } from '../../src/http/auth/secret.ts';
import { createApiKey } from '../../src/store/api-keys.ts';
import { partitionOf } from '../../src/stream/partition.ts';
import { type Cluster, type Machines, startCluster, startMachines } from './cluster.ts';
import { sensorName } from './made-traffic.ts';
import { Role } from './role.ts';
import { until } from './until.ts';

const SENSORS = 3;
const BATCHES = 12;

if (whyNoNats) it.skip(`shards: ${whyNoNats}`, () => {});

describe.skipIf(whyNoNats)('a store of two databases', () => {
  let machines: Machines;
  let cluster: Cluster;
  const key = randomApiKey();
  beforeAll(async () => {
    machines = await startMachines(1, 2);
    const traffic = { sensors: SENSORS, batches: BATCHES, paceMs: 20 };
    cluster = await startCluster(machines, { servers: 1, workers: 1, ...traffic });
    const secretHash = hashSecret(key);
    await createApiKey(cluster.db, { name: 'page', role: 'analyst', secretHash });
    const [first, second] = cluster.sensors;
    for (const sensor of [first, second]) await sensor?.start();
    for (const sensor of [first, second]) await sensor?.exited();
    await until(async () => (await stored()) === 2);
  }, 90_000);
  afterAll(async () => {
    await cluster.stop();
    await machines.stop();
  });

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    return fetch(`${cluster.urls[0]}${path}`, { ...init, headers });
  }

  async function read<Body>(path: string, init?: RequestInit): Promise<Body> {
    return (await (await ask(path, init)).json()) as Body;
  }

  /** Sensors whose last batch is stored, each on the database that its partition leads to. */
  async function stored(): Promise<number> {
    let sensors = 0;
    for (const [number, shard] of (cluster.db.shards ?? []).entries()) {
      const rows = await shard.query<{ sensor_id: string }>(
        'SELECT sensor_id FROM ingest_offsets WHERE sequence >= $1',
        [BATCHES - 1],
      );
      for (const row of rows) expect(partitionOf(row.sensor_id) % 2).toBe(number);
      sensors += rows.length;
    }
    return sensors;
  }

  it('is one in lists, page by page, and in numbers', async () => {
    const seen: Alert[] = [];
    let before = '';
    for (;;) {
      const page = await read<AlertPage>(`/api/v1/alerts?limit=1${before}`);
      seen.push(...page.alerts);
      if (page.next === null) break;
      before = `&before=${page.next}`;
    }
    expect(seen.map((alert) => alert.sensor_id).sort()).toEqual(
      [0, 0, 1, 1].map((sensor) => sensorName(sensor)),
    );
    expect(new Set(seen.map(({ id }) => id)).size).toBe(4);
    const { open_alerts, total_packets } = await read<Overview>('/api/v1/overview?minutes=60');
    expect(open_alerts).toBe(4);
    const { total } = await read<{ total: number }>('/traffic-stats');
    expect(total).toBe(total_packets);
    const packets = await read<PacketPage>('/api/v1/packets?limit=200');
    expect(new Set(packets.packets.map((packet) => packet.sensor_id)).size).toBe(2);
    const flows = await read<FlowPage>('/api/v1/flows?limit=200');
    expect(new Set(flows.flows.map((flow) => flow.src_ip.slice(0, 4)))).toEqual(
      new Set(['10.0', '10.1']),
    );
  });

  it('has alerts on either changed in one action, and the change undone', async () => {
    const { alerts } = await read<AlertPage>('/api/v1/alerts?limit=10');
    const ids = alerts.map(({ id }) => id);
    const body = JSON.stringify({ ids, status: 'acknowledged', comment: 'a drill' });
    const done = await read<AlertActionResult>('/api/v1/alert-actions', { method: 'POST', body });
    expect(done.changed).toBe(4);
    const undo = `/api/v1/alert-actions/${done.action_id}/undo`;
    expect(await read(undo, { method: 'POST' })).toMatchObject({ changed: 4 });
    expect((await read<Overview>('/api/v1/overview?minutes=60')).open_alerts).toBe(4);
  });

  it('with the second gone says so, shows and stores what the first has, and loses nothing', async () => {
    const { alerts } = await read<AlertPage>('/api/v1/alerts?limit=10');
    const there = alerts.find((alert) => alert.sensor_id === sensorName(0));
    const gone = alerts.find((alert) => alert.sensor_id === sensorName(1));
    process.kill(machines.secondPostgres?.pid ?? 0, 'SIGKILL');
    const reasons = async () => (await read<Health>('/health')).reasons.join('\n');
    await expect.poll(reasons, { timeout: 10_000 }).toContain('shard 1 of 2 is away');
    expect(await (await ask('/metrics')).text()).toContain('phantomnet_shard_up{shard="1"} 0');

    const listed = await ask('/api/v1/alerts?limit=10');
    expect(listed.headers.get('phantomnet-missing-shards')).toBe('1');
    expect(((await listed.json()) as AlertPage).alerts).toHaveLength(2);
    expect((await ask(`/api/v1/alerts/${there?.id}`)).status).toBe(200);
    const unknown = await ask(`/api/v1/alerts/${gone?.id}`);
    expect(unknown.status).toBe(503);
    expect(await unknown.json()).toMatchObject({
      detail: expect.stringMatching(/^Shard 1 of 2 cannot be reached/),
    });
    // The third sensor lies on the first database: it is stored meanwhile.
    await cluster.sensors[2]?.start();
    const rows = async () =>
      cluster.db.query('SELECT 1 FROM ingest_offsets WHERE sensor_id = $1 AND sequence >= $2', [
        sensorName(2),
        BATCHES - 1,
      ]);
    await expect.poll(rows, { timeout: 20_000 }).toHaveLength(1);

    await until(async () => (await machines.secondPostgres?.revive()) ?? false);
    await expect.poll(reasons, { timeout: 10_000 }).not.toContain('away');
    const whole = await ask('/api/v1/alerts?limit=10');
    expect(whole.headers.get('phantomnet-missing-shards')).toBeNull();
    expect(((await whole.json()) as AlertPage).alerts).toHaveLength(6);
    expect(await stored()).toBe(3);
  }, 60_000);

  it('is not worked on with its databases swapped, or without one of them', async () => {
    const config = await readFile(cluster.config, 'utf8');
    const [, url, shard] = /url: ("[^"]+"), shards: \[("[^"]+")\]/.exec(config) ?? [];
    const swapped = config.replace(/url: .*\]/, `url: ${shard}, shards: [${url}]`);
    const without = config.replace(/, shards: .*\]/, '');
    for (const [name, text, reason] of [
      ['swapped', swapped, 'Cannot use database.url as shard 0 of 2: it is shard 1'],
      ['without', without, 'the store was set up with 2 databases'],
    ] as const) {
      const path = `${cluster.config}.${name}`;
      await writeFile(path, text);
      for (const role of ['worker', 'server']) {
        const started = new Role(['src/cli/main.ts', '--config', path, role], 'is up').start();
        await expect(started).rejects.toThrow(reason);
      }
    }
  }, 60_000);
});
