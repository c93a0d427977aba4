/** Captures through the whole of a sensor into a real HTTP server that decodes what it gets. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCapture } from '../capture/open-capture.ts';
import { pcapFileHeader, pcapRecord } from '../capture/write-pcap.ts';
import { LAST_MICROS } from '../contract/packet-batch.ts';
import { type DecodedBatch, decodeBatch } from '../stream/batch-codec.ts';
import { LiveBatches } from './live-batches.ts';
import { replay, shiftToNow, WINDOW_MICROS } from './replay.ts';
import { Sensor } from './sensor.ts';
import { Shipper } from './shipper.ts';
import { SourceBatches } from './source-batches.ts';
import { Spool } from './spool.ts';

const dir = mkdtempSync(join(tmpdir(), 'phantomnet-sensor-'));
let server: Server;
let url = '';
let batches: DecodedBatch[] = [];
let arrivals: number[] = [];
let status = 200;
let answer = '';
let runs = 0;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (status === 200) {
      batches.push(decodeBatch(Buffer.concat(chunks)));
      arrivals.push(performance.now());
    }
    response.statusCode = status;
    response.end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  batches = [];
  arrivals = [];
  status = 200;
  answer = '';
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

const START_MICROS = 1_795_202_503_410_000;

/** UDP packets, `gapMicros` apart, their number in the source port. */
function captureOf(packets: number, gapMicros = 1000, linkType = 1): string {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  bytes.set([0x08, 0x00, 0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], 12);
  view.setUint16(36, 53);
  view.setUint16(38, 26);
  const sizes = { start: 0, end: 60, wireLength: 60 };
  const frame = { view, bytes, ...sizes, linkType, interface: 'x', checksumPending: false };
  const parts: Uint8Array[] = [pcapFileHeader(linkType)];
  for (let index = 0; index < packets; index++) {
    view.setUint16(34, index & 0xffff);
    parts.push(pcapRecord({ ...frame, tsMicros: START_MICROS + index * gapMicros }));
  }
  const path = join(dir, `${runs++}.pcap`);
  writeFileSync(path, Buffer.concat(parts));
  return path;
}

async function sensorOf(file: string, maxRows = 100, spoolDir = join(dir, `spool${runs++}`)) {
  const spool = await Spool.open({ dir: spoolDir });
  const shipper = new Shipper({ spool, sensorId: 's1', url, key: 'k', firstPauseMs: 10 });
  const producer = new SourceBatches(await openCapture(file), { maxRows });
  const stopGraceMs = 100;
  return { spool, sensor: new Sensor({ sensorId: 's1', producer, spool, shipper, stopGraceMs }) };
}

function portsReceived(): number[] {
  return batches.flatMap(({ batch }) => [...batch.srcPort.subarray(0, batch.length)]);
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('Sensor', () => {
  it('brings every packet of a file to the server once, in batches in order', async () => {
    const { sensor, spool } = await sensorOf(captureOf(950));
    await sensor.run(new AbortController().signal);
    expect(portsReceived()).toEqual(numbers(950));
    // Ten with packets and the empty one that ends the capture.
    expect(batches.map(({ meta }) => meta.sequence)).toEqual(numbers(11));
    expect(batches[10]?.batch.length).toBe(0);
    expect(new Set(batches.map(({ meta }) => `${meta.sensorId} ${meta.epoch}`))).toEqual(
      new Set([`s1 ${spool.epoch}`]),
    );
    expect(batches[9]?.batch.tsMicros[49]).toBe(START_MICROS + 949_000);
    expect(sensor.stats).toMatchObject({ frames: 950, rows: 950, batches: 10 });
    expect(sensor.stats.shipper).toMatchObject({ sentBatches: 11, sentRows: 950 });
  });

  it('shifts no time to where the server would refuse the batch', async () => {
    for (const shiftMicros of [-2 * START_MICROS, 2 ** 53]) {
      const producer = new SourceBatches(await openCapture(captureOf(1)), { shiftMicros });
      const place = { sensorId: 's1', epoch: 'e', firstSequence: 0 };
      const { signal } = new AbortController();
      await producer.run(
        place,
        async ({ bytes }) => {
          batches.push(decodeBatch(bytes));
        },
        signal,
      );
    }
    expect(batches.map(({ batch }) => batch.tsMicros[0])).toEqual([0, LAST_MICROS]);
  });

  it('leaves what it could not ship in the spool for its next start', async () => {
    status = 503;
    const spoolDir = join(dir, 'spool-again');
    const first = await sensorOf(captureOf(300), 100, spoolDir);
    const stop = new AbortController();
    const running = first.sensor.run(stop.signal);
    while (first.sensor.stats.batches < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await running;
    // Three and the empty one that ends the capture.
    expect(first.spool.entries).toHaveLength(4);
    status = 200;
    const second = await sensorOf(captureOf(100), 100, spoolDir);
    await second.sensor.run(new AbortController().signal);
    expect(batches.map(({ meta }) => meta.sequence)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(portsReceived()).toEqual([...numbers(300), ...numbers(100)]);
  });

  it('ships what a damaged capture holds, then says what is wrong', async () => {
    const file = captureOf(250);
    truncateSync(file, statSync(file).size - 10);
    const { sensor } = await sensorOf(file);
    await expect(sensor.run(new AbortController().signal)).rejects.toMatchObject({
      code: 'capture_damaged',
    });
    expect(portsReceived()).toEqual(numbers(249));
  });

  it('refuses a link type that it cannot read', async () => {
    const { sensor } = await sensorOf(captureOf(3, 1, 147));
    await expect(sensor.run(new AbortController().signal)).rejects.toThrow('link type 147');
  });

  it('refuses a sensor id that no header may carry', async () => {
    const spool = await Spool.open({ dir: join(dir, 'spool-unused') });
    const shipper = new Shipper({ spool, sensorId: 's', url, key: 'k' });
    const producer = new LiveBatches({ interfaces: ['lo'] });
    expect(() => new Sensor({ sensorId: 'a:b', producer, spool, shipper })).toThrow('as sensor id');
  });
});

describe('replay', () => {
  const options = () => ({ url, key: 'k', spoolDir: join(dir, `spool${runs++}`) });

  it('sends several captures one after another', async () => {
    const stats = await replay([captureOf(5000), captureOf(10)], options());
    expect(stats).toMatchObject({ frames: 5010, rows: 5010 });
    expect(portsReceived()).toEqual([...numbers(5000), ...numbers(10)]);
    expect(batches.map(({ batch }) => batch.length)).toEqual([4096, 914, 0]);
  });

  it('shifts a capture to now by whole windows', async () => {
    const file = captureOf(100, 1_000_000);
    const before = Date.now() * 1000;
    await replay([file], { ...options(), restamp: 'now' });
    const { batch } = batches[0]!;
    const shift = batch.tsMicros[0]! - START_MICROS;
    expect(shift % WINDOW_MICROS).toBe(0);
    const last = batch.tsMicros[99]!;
    expect(last).toBeLessThanOrEqual(Date.now() * 1000);
    expect(last).toBeGreaterThan(before - WINDOW_MICROS);
    expect(last - batch.tsMicros[0]!).toBe(99_000_000);
    expect(await shiftToNow([file], START_MICROS + 99_000_000 + 5 * WINDOW_MICROS + 1)).toBe(
      5 * WINDOW_MICROS,
    );
  });

  it('keeps the pace of the packets', async () => {
    await replay([captureOf(9, 500_000)], { ...options(), speed: 2 });
    expect(portsReceived()).toEqual(numbers(9));
    // 0 to 2.0 s, then 2.5 to 4.0 s of packet time, which is one second later at this speed.
    expect(batches.map(({ batch }) => batch.length)).toEqual([5, 4, 0]);
    expect(arrivals[1]! - arrivals[0]!).toBeGreaterThanOrEqual(900);
  });

  it('stops in the middle when it is told to', async () => {
    const stop = new AbortController();
    const running = replay([captureOf(1000, 1_000_000)], {
      ...options(),
      speed: 1,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(), 100);
    const stats = await running;
    expect(stats.rows).toBeLessThan(1000);
  });

  it('fails at once where the key is not accepted', async () => {
    status = 403;
    await expect(replay([captureOf(10)], options())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('tells why the server says so, and lets it write nothing else on the terminal', async () => {
    status = 403;
    answer = JSON.stringify({ detail: 'the key is for sensor \u001b[2Ja' });
    await expect(replay([captureOf(10)], options())).rejects.toThrow(
      /answered 403 Forbidden: the key is for sensor ·\[2Ja$/,
    );
  });

  it('refuses a speed that is none', async () => {
    await expect(replay([captureOf(1)], { ...options(), speed: -1 })).rejects.toThrow('speed -1');
  });
});
