/** Two servers and two workers as people and programs see them: what a worker finds is on every server's pages. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoNats } from '../../src/bench/nats-servers.ts';
import type { Alert } from '../../src/contract/alert.ts';
import { hashSecret, randomApiKey } from '../../src/http/auth/secret.ts';
import { createApiKey } from '../../src/store/api-keys.ts';
import { type Cluster, type Machines, startCluster, startMachines } from './cluster.ts';

const BATCHES = 20;

if (whyNoNats) it.skip(`roles: ${whyNoNats}`, () => {});

describe.skipIf(whyNoNats)('servers and workers', () => {
  let machines: Machines;
  let cluster: Cluster;
  const key = randomApiKey();
  beforeAll(async () => {
    machines = await startMachines(1);
    const options = { servers: 2, workers: 2, sensors: 1, batches: BATCHES, paceMs: 20 };
    cluster = await startCluster(machines, options);
    const secretHash = hashSecret(key);
    await createApiKey(cluster.db, { name: 'page', role: 'analyst', secretHash });
  });
  afterAll(async () => {
    await cluster.stop();
    await machines.stop();
  });

  const get = (server: number, path: string, signal?: AbortSignal) =>
    fetch(`${cluster.urls[server]}${path}`, {
      headers: { authorization: `Bearer ${key}` },
      ...(signal && { signal }),
    });

  it('tell every server of alerts while they are raised, and list them', async () => {
    const stop = new AbortController();
    const heard = [0, 1].map(async (server) => {
      const { body } = await get(server, '/api/v1/events', stop.signal);
      let text = '';
      for await (const chunk of body ?? []) {
        text += Buffer.from(chunk).toString('utf8');
        if (text.includes('event: alert') && text.includes('event: traffic')) return true;
      }
      return false;
    });
    await cluster.sensors[0]?.start();
    expect(await Promise.all(heard)).toEqual([true, true]);
    stop.abort();
    await cluster.sensors[0]?.exited();
    const listed = async () =>
      ((await (await get(1, '/api/v1/alerts')).json()) as { alerts: Alert[] }).alerts.length;
    await expect.poll(listed, { timeout: 20_000 }).toBe(2);
  }, 60_000);

  it('are well, and say how many workers there are and that nothing waits', async () => {
    const health = await (await get(0, '/health')).json();
    expect(health).toMatchObject({ status: 'ok', database: 'ok', reasons: [] });
    const metrics = async () => (await get(0, '/metrics')).text();
    expect(await metrics()).toContain('phantomnet_workers 2');
    const waiting = async () =>
      [...(await metrics()).matchAll(/^phantomnet_stream_waiting_batches\{.*\} (\d+)$/gm)].map(
        ([, count]) => Number(count),
      );
    await expect.poll(waiting, { timeout: 10_000 }).toEqual(Array(16).fill(0));
  });

  it('have metrics and health of each worker, under the names of one machine', async () => {
    let packets = 0;
    let partitions = 0;
    for (const url of cluster.workerUrls) {
      const text = await (await fetch(`${url}/metrics`)).text();
      const metricOf = (name: string) =>
        Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]);
      packets += metricOf('phantomnet_store_packets_total');
      partitions += metricOf('phantomnet_worker_partitions');
      expect(text).toContain('process_cpu_seconds_total');
      expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
        ...{ status: 'ok', database: 'ok', reasons: [] },
      });
    }
    expect(partitions).toBe(16);
    const [row] = await cluster.db.query<{ count: number }>('SELECT count(*) FROM raw_packets');
    expect(packets).toBe(row?.count);
  });

  it('say that nobody works', async () => {
    for (const worker of cluster.workers) await worker.end('SIGINT');
    const reasons = async () =>
      ((await (await get(1, '/health')).json()) as { reasons: string[] }).reasons;
    const expected = ['no worker is connected: what sensors deliver waits in the stream'];
    await expect.poll(reasons, { timeout: 10_000 }).toEqual(expected);
  });
});
