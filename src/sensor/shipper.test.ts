/** Against real HTTP servers on loopback that are slow, refuse, break off and come back. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Shipper, type ShipperOptions } from './shipper.ts';
import { Spool } from './spool.ts';

interface Received {
  readonly path: string | undefined;
  readonly key: string | undefined;
  readonly authorization: string | undefined;
  readonly type: string | undefined;
  readonly clock: string | undefined;
  readonly lost: string | undefined;
  readonly body: Buffer;
}

type Answer = (response: ServerResponse, received: Received) => void;

let dir = '';
let spool: Spool;
let server: Server | null = null;
let received: Received[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'phantomnet-shipper-'));
  spool = await Spool.open({ dir });
  received = [];
});
afterEach(async () => {
  await stop();
  rmSync(dir, { recursive: true, force: true });
});

async function stop(): Promise<void> {
  server?.closeAllConnections();
  if (server?.listening) await new Promise((resolve) => server?.close(resolve));
  server = null;
}

/** Listens and answers each batch with `answer`; the URL. */
async function serve(answer: Answer, port = 0): Promise<string> {
  server = createServer(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { headers } = request;
    const one: Received = {
      path: `${request.method} ${request.url}`,
      key: headers['idempotency-key']?.toString(),
      authorization: headers.authorization,
      type: headers['content-type'],
      clock: headers['phantomnet-clock']?.toString(),
      lost: headers['phantomnet-lost-packets']?.toString(),
      body: Buffer.concat(chunks),
    };
    received.push(one);
    answer(response, one);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function fill(batches: number): Promise<void> {
  for (let index = 0; index < batches; index++) {
    const sequence = spool.nextSequence;
    await spool.append(sequence, 10, Buffer.from(`batch ${sequence}`));
  }
}

function shipper(url: string, options: Partial<ShipperOptions> = {}): Shipper {
  return new Shipper({
    spool,
    sensorId: 'sensor-1',
    url,
    key: 'secret',
    firstPauseMs: 10,
    longestPauseMs: 40,
    ...options,
  });
}

const forever = () => new AbortController().signal;
const keyOf = (sequence: number) => `sensor-1:${spool.epoch}:${sequence}`;

describe('Shipper', () => {
  it('sends every batch once, in order, and empties the spool', async () => {
    const url = await serve((response) => response.end('{}'));
    await fill(4);
    const ship = shipper(`${url}/`);
    await ship.drain(forever());
    expect(received.map(({ key }) => key)).toEqual([0, 1, 2, 3].map(keyOf));
    expect(received[2]).toEqual({
      path: 'POST /ingest_packets',
      key: keyOf(2),
      authorization: 'Bearer secret',
      type: 'application/vnd.apache.arrow.stream',
      clock: expect.stringMatching(/^\d{13}$/),
      lost: undefined,
      body: Buffer.from('batch 2'),
    });
    expect(spool.entries).toEqual([]);
    expect(ship.stats).toMatchObject({ sentBatches: 4, sentRows: 40, retries: 0, trouble: null });
  });

  it('repeats what the server cannot take now, without passing it by', async () => {
    let answers = 0;
    const url = await serve((response) => {
      response.statusCode = [503, 500, 429, 502][answers++] ?? 200;
      response.end();
    });
    await fill(2);
    const ship = shipper(url);
    await ship.drain(forever());
    expect(received.map(({ key }) => key)).toEqual([0, 0, 0, 0, 0, 1].map(keyOf));
    expect(ship.stats).toMatchObject({ sentBatches: 2, retries: 4, rejectedBatches: 0 });
  });

  it('tells what was lost before a batch, and asks whether its file is still there', async () => {
    const url = await serve((response) => response.end('{}'));
    await fill(3);
    rmSync(join(dir, '000000000001-10.arrow'));
    await shipper(url).drain(forever());
    expect(received.map(({ key, lost }) => [key, lost])).toEqual([
      [keyOf(0), undefined],
      [keyOf(2), '10'],
    ]);
    expect(spool.stats).toMatchObject({ lostBatches: 1, lostRows: 10 });
  });

  it('tells its clock, and with the next batch the four times of the last exchange', async () => {
    const url = await serve((response) => {
      response.writeHead(200, { 'phantomnet-clock': '1000 2000' }).end();
    });
    await fill(2);
    const before = Date.now();
    await shipper(url).drain(forever());
    const [sent, first, receivedMs, answeredMs, returned] = (received[1]?.clock ?? '')
      .split(' ')
      .map(Number);
    expect(received[0]?.clock).toBe(String(first));
    expect([receivedMs, answeredMs]).toEqual([1000, 2000]);
    const inOrder = [before, first, returned, sent, Date.now()];
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => Number(a) - Number(b)));
  });

  it('waits as long as Retry-After asks', async () => {
    const times: number[] = [];
    const url = await serve((response) => {
      times.push(performance.now());
      if (times.length === 1) response.writeHead(429, { 'retry-after': '1' });
      response.end();
    });
    await fill(1);
    await shipper(url).drain(forever());
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
  });

  it('sets a batch that the server refuses aside with the answer, and goes on', async () => {
    const url = await serve((response, { key }) => {
      if (key === keyOf(1)) response.writeHead(400).end('row 3 of src_port holds 70000');
      else response.end();
    });
    await fill(3);
    const ship = shipper(url);
    await ship.drain(forever());
    expect(ship.stats).toMatchObject({ sentBatches: 2, rejectedBatches: 1, retries: 0 });
    const rejected = join(dir, 'rejected');
    const [batch, answer] = readdirSync(rejected).sort();
    expect(readFileSync(join(rejected, batch!), 'utf8')).toBe('batch 1');
    expect(readFileSync(join(rejected, answer!), 'utf8')).toBe(
      '400 Bad Request\nrow 3 of src_port holds 70000',
    );
  });

  it('keeps everything while the key is not accepted, unless told to fail', async () => {
    const url = await serve((response) => response.writeHead(401).end());
    await fill(1);
    await shipper(url).drain(AbortSignal.timeout(150));
    expect(received.length).toBeGreaterThan(1);
    expect(spool.entries).toHaveLength(1);
    const ship = shipper(url, { failOnAccess: true });
    await expect(ship.drain(forever())).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(spool.entries).toHaveLength(1);
  });

  it('survives a server that is killed in the middle of a request and comes back', async () => {
    const url = await serve((response) => response.socket?.destroy());
    const port = Number(new URL(url).port);
    await fill(3);
    const troubles: string[] = [];
    const ship = shipper(url, { onTrouble: (message) => troubles.push(message) });
    const shipping = ship.drain(forever());
    while (received.length < 2) await sleep(5);
    await stop();
    await sleep(60);
    expect(spool.entries).toHaveLength(3);
    await serve((response) => response.end(), port);
    await shipping;
    expect(spool.entries).toEqual([]);
    expect(new Set(received.slice(-3).map(({ key }) => key)).size).toBe(3);
    expect(troubles[0]).toContain(`Cannot ship packets to http://127.0.0.1:${port}: no answer`);
  });

  it('gives up on an answer that does not come, and asks again', async () => {
    let isFirst = true;
    const url = await serve((response) => {
      if (!isFirst) response.end();
      isFirst = false;
    });
    await fill(1);
    const ship = shipper(url, { requestTimeoutMs: 100 });
    await ship.drain(forever());
    expect(received).toHaveLength(2);
    expect(ship.stats).toMatchObject({ sentBatches: 1, retries: 1 });
  });

  it('finishes the request under way when it is stopped', async () => {
    const url = await serve((response) => setTimeout(() => response.end(), 100));
    await fill(2);
    const stopper = new AbortController();
    const ship = shipper(url);
    const shipping = ship.run(stopper.signal);
    while (received.length === 0) await sleep(5);
    stopper.abort();
    await shipping;
    expect(received).toHaveLength(1);
    expect(spool.entries.map(({ sequence }) => sequence)).toEqual([1]);
  });

  it('sends what arrives later, as long as it runs', async () => {
    const url = await serve((response) => response.end());
    const stopper = new AbortController();
    const shipping = shipper(url).run(stopper.signal);
    await fill(1);
    while (received.length < 1) await sleep(5);
    await fill(1);
    while (received.length < 2) await sleep(5);
    stopper.abort();
    await shipping;
    expect(received.map(({ key }) => key)).toEqual([0, 1].map(keyOf));
  });

  it('does not follow a redirect with the key', async () => {
    const url = await serve((response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/elsewhere' }).end();
    });
    await fill(1);
    const ship = shipper(url);
    await ship.drain(AbortSignal.timeout(100));
    expect(spool.entries).toHaveLength(1);
    expect(ship.stats.retries).toBeGreaterThan(0);
  });

  it('refuses a URL that is none', () => {
    expect(() => shipper('not a url')).toThrow('Cannot ship packets to not a url');
  });
});
