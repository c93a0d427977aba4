import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NatsServers, startNats, whyNoNats } from '../bench/nats-servers.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import { batchStreamSuite, SUITE_SENSOR } from './batch-stream.suite.ts';
import { JetStream, type JetStreamOptions } from './jetstream.ts';
import { connectNats } from './nats-connection.ts';
import { partitionOf } from './partition.ts';

if (whyNoNats) it.skip(`JetStream: ${whyNoNats}`, () => {});

describe.skipIf(whyNoNats)('over a NATS server', () => {
  let nats: NatsServers;
  beforeAll(async () => {
    nats = await startNats(1);
  });
  afterAll(() => nats.stop());

  async function open(more: Partial<JetStreamOptions> = {}): Promise<JetStream> {
    const connection = await connectNats({ servers: nats.urls, caFile: null, name: 'test' });
    const name = `t${randomUUID().slice(0, 8)}`;
    return JetStream.open(connection, { name, replicas: 1, partitionBytes: 16 << 20, ...more });
  }

  function read(stream: JetStream, after: number) {
    return stream.deliveries({
      partition: partitionOf(SUITE_SENSOR),
      after,
      signal: new AbortController().signal,
      async onSpoilt({ reason }) {
        throw new Error(reason);
      },
    });
  }

  batchStreamSuite('JetStream', {
    async open({ small } = { small: false }) {
      const stream = await open(small ? { partitionBytes: 60_000 } : {});
      return {
        stream,
        deliveries: (after) => read(stream, after),
        trim: (through) => stream.trim(partitionOf(SUITE_SENSOR), through),
        stop: () => stream.close(),
      };
    },
  });

  const meta = (sequence: number, sensorId = SUITE_SENSOR) => ({
    sensorId,
    epoch: 'e',
    sequence,
  });
  const batch = () => {
    const one = new PacketBatch(2);
    one.addRow(1_000_000, 60);
    return one;
  };

  it('says that a batch is there already', async () => {
    const stream = await open();
    expect(await stream.push(batch(), meta(0))).toBe('stored');
    expect(await stream.push(batch(), meta(0))).toBe('duplicate');
    expect(await stream.state(partitionOf(SUITE_SENSOR))).toMatchObject({ first: 1, last: 1 });
    await stream.close();
  });

  it('refuses what it has no room for in time, and says why', async () => {
    const stream = await open({ partitionBytes: 2000, pushMs: 300 });
    const pushes = async () => {
      for (let sequence = 0; ; sequence++) await stream.push(batch(), meta(sequence));
    };
    await expect(pushes()).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('maximum bytes exceeded'),
    });
    await stream.close();
  });

  it('gives one sensor of a partition again, from one position to another', async () => {
    const stream = await open();
    const other = Array.from({ length: 100 }, (_, index) => `other${index}`).find(
      (name) => partitionOf(name) === partitionOf(SUITE_SENSOR),
    );
    for (let sequence = 0; sequence < 6; sequence++) {
      await stream.push(batch(), { ...meta(sequence), lostBefore: sequence });
      await stream.push(batch(), meta(sequence, other));
    }
    const seen: [number, number][] = [];
    const never = new AbortController().signal;
    for await (const { position, lostBefore } of stream.replay(SUITE_SENSOR, 3, 9, never))
      seen.push([position, lostBefore]);
    expect(seen).toEqual([
      [5, 2],
      [7, 3],
      [9, 4],
    ]);
    await stream.close();
  });

  it('ends its deliveries at whatever moment it is told to', async () => {
    const stream = await open();
    for (let round = 0; round < 40; round++) {
      const stop = new AbortController();
      const reading = { partition: 0, after: 0, signal: stop.signal, async onSpoilt() {} };
      const ended = (async () => {
        for await (const delivery of stream.deliveries(reading)) delivery.settle('stored');
      })();
      await new Promise((resolve) => setTimeout(resolve, round / 4));
      stop.abort();
      await ended;
    }
    await stream.close();
  });

  it('hands out what is no batch, and goes on', async () => {
    const stream = await open({ name: 'spoilt' });
    const connection = await connectNats({ servers: nats.urls, caFile: null, name: 'stranger' });
    connection.publish(`spoilt.${partitionOf(SUITE_SENSOR)}.x`, 'what is this');
    await connection.flush();
    await connection.close();
    await stream.push(batch(), meta(0));
    const spoilt: string[] = [];
    const reading = {
      partition: partitionOf(SUITE_SENSOR),
      after: 0,
      signal: new AbortController().signal,
      async onSpoilt({ position, reason }: { position: number; reason: string }) {
        spoilt.push(`${position}: ${reason}`);
      },
    };
    for await (const delivery of stream.deliveries(reading)) {
      expect(delivery.position).toBe(2);
      break;
    }
    expect(spoilt).toEqual([expect.stringMatching(/^1: Cannot read the packet batch/)]);
    await stream.close();
  });

  it('needs servers that take the largest batch', async () => {
    const connection = await connectNats({ servers: nats.urls, caFile: null, name: 'test' });
    Object.assign(connection.info ?? {}, { max_payload: 1 << 20 });
    const opening = JetStream.open(connection, { name: 'x', replicas: 1, partitionBytes: 1 << 20 });
    await expect(opening).rejects.toMatchObject({ code: 'config_invalid' });
    await connection.close();
  });
});

it('is told in one line that no server answers', async () => {
  const connecting = connectNats({ servers: ['nats://127.0.0.1:1'], caFile: null, name: 'test' });
  await expect(connecting).rejects.toMatchObject({ code: 'server_unavailable' });
});
