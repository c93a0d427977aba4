/** What a server refused is sent again by hand: stored then, though later ones were stored before, and once however often. */
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../src/http/listen.ts';
import { type ResentBatch, resend } from '../../src/sensor/resend.ts';
import { Shipper } from '../../src/sensor/shipper.ts';
import { Spool } from '../../src/sensor/spool.ts';
import { encodeBatch } from '../../src/stream/batch-codec.ts';
import { trafficBatch } from '../support/traffic.ts';
import { type Harness, withServer } from './harness.ts';

const SENSOR = 'lab';
const START_MICROS = 1_767_225_600_000_000;
const ROWS = 100;

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'phantomnet-resend-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Three batches, the one in the middle refused. */
async function refusedSpool(): Promise<Spool> {
  const spool = await Spool.open({ dir });
  for (let sequence = 0; sequence < 3; sequence++) {
    const startMicros = START_MICROS + sequence * 1e6;
    const { packets } = trafficBatch({ packets: ROWS, startMicros, sensorId: SENSOR });
    const meta = { sensorId: SENSOR, epoch: spool.epoch, sequence };
    await spool.append(sequence, ROWS, encodeBatch(packets, meta));
  }
  await spool.reject(1, '400 Bad Request\nan older version could not read it');
  return spool;
}

async function served({ app }: Harness, body: (url: string) => Promise<void>): Promise<void> {
  const listener = await listen(app, { host: '127.0.0.1', port: 0 });
  try {
    await body(listener.url);
  } finally {
    await listener.stop();
  }
}

async function storedPackets({ db }: Harness): Promise<number> {
  const [row] = await db.query<{ count: number }>('SELECT count(*) AS count FROM raw_packets');
  return row?.count ?? -1;
}

async function resent(url: string, key: string): Promise<ResentBatch[]> {
  const batches: ResentBatch[] = [];
  await resend({ spoolDir: dir, url, key, onBatch: (batch) => batches.push(batch) });
  return batches;
}

describe('resend', () => {
  it('stores what was refused, though later batches are stored, and once', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', SENSOR);
      const spool = await refusedSpool();
      await served(server, async (url) => {
        await new Shipper({ spool, sensorId: SENSOR, url, key }).drain(AbortSignal.timeout(10_000));
        expect(await storedPackets(server)).toBe(2 * ROWS);
        const copy = `${dir}-copy`;
        await cp(join(dir, 'rejected'), copy, { recursive: true });
        expect(await resent(url, key)).toMatchObject([{ rows: ROWS, refusal: null }]);
        expect(await storedPackets(server)).toBe(3 * ROWS);
        expect(await readdir(join(dir, 'rejected'))).toEqual([]);
        // As if the answer had been lost.
        await cp(copy, join(dir, 'rejected'), { recursive: true });
        await rm(copy, { recursive: true });
        expect(await resent(url, key)).toMatchObject([{ rows: ROWS, refusal: null }]);
        expect(await storedPackets(server)).toBe(3 * ROWS);
      });
    }));

  it('keeps what is refused again, with the new answer, and goes on with the rest', () =>
    withServer(async (server) => {
      const key = await server.keyOf('sensor', SENSOR);
      await refusedSpool();
      const broken = join(dir, 'rejected', `a-${'0'.repeat(12)}-7.arrow`);
      await writeFile(broken, 'what is this');
      await served(server, async (url) => {
        const batches = await resent(url, key);
        expect(batches.map(({ refusal }) => refusal === null).sort()).toEqual([false, true]);
        expect(await readdir(join(dir, 'rejected'))).toEqual([
          `a-${'0'.repeat(12)}-7.arrow`,
          `a-${'0'.repeat(12)}-7.arrow.answer.txt`,
        ]);
      });
    }));

  it('says that the server is not there or does not know the key, and keeps everything', () =>
    withServer(async (server) => {
      await refusedSpool();
      const before = await readdir(join(dir, 'rejected'));
      await expect(resent('http://127.0.0.1:1', 'k')).rejects.toMatchObject({
        code: 'server_unavailable',
      });
      await served(server, (url) =>
        expect(resent(url, 'k')).rejects.toMatchObject({ code: 'unauthenticated' }),
      );
      expect(await readdir(join(dir, 'rejected'))).toEqual(before);
    }));
});
