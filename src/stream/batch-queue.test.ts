import { expect, it } from 'vitest';
import { PacketBatch } from '../contract/packet-batch.ts';
import { BatchQueue } from './batch-queue.ts';
import { batchStreamSuite } from './batch-stream.suite.ts';
import type { Delivery } from './batch-stream.ts';

batchStreamSuite('BatchQueue', {
  async open({ small } = { small: false }) {
    const stream = new BatchQueue(small ? { maxRows: 2000 } : {});
    return { stream, deliveries: () => stream.deliveries(), stop: async () => stream.close() };
  },
});

function batchOf(rows: number): PacketBatch {
  const batch = new PacketBatch(rows);
  for (let row = 0; row < rows; row++) batch.addRow(1_000_000 + row, 60);
  return batch;
}

const meta = (sequence: number) => ({ sensorId: 'queue', epoch: 'epoch', sequence });

/** The deliveries of a queue one after another, without settling them. */
function consumer(queue: BatchQueue): () => Promise<Delivery | null> {
  const iterator = queue.deliveries()[Symbol.asyncIterator]();
  return async () => {
    const next = await iterator.next();
    return next.done ? null : next.value;
  };
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const later = new Promise((resolve) => setTimeout(resolve, 20, pending));
  return (await Promise.race([promise, later])) === pending;
}

it('answers a push only when the worker settled the batch, with its answer', async () => {
  const queue = new BatchQueue();
  const push = queue.push(batchOf(1), meta(0));
  const delivery = await consumer(queue)();
  expect(await isPending(push)).toBe(true);
  delivery?.settle('duplicate');
  expect(await push).toBe('duplicate');
});

it('hands the failure of the worker to whoever pushed', async () => {
  const queue = new BatchQueue();
  const push = queue.push(batchOf(1), meta(0));
  (await consumer(queue)())?.fail(new Error('the database went away'));
  await expect(push).rejects.toThrow('the database went away');
});

it('makes pushes wait when it is full and takes them in order as room comes back', async () => {
  const queue = new BatchQueue({ maxRows: 20 });
  const pushes = [0, 1, 2, 3].map((sequence) => queue.push(batchOf(10), meta(sequence)));
  const next = consumer(queue);
  const first = await next();
  const second = await next();
  const third = next();
  expect(await isPending(third)).toBe(true);
  first?.settle('stored');
  expect((await third)?.meta.sequence).toBe(2);
  second?.settle('stored');
  expect((await next())?.meta.sequence).toBe(3);
  expect(await Promise.all(pushes.slice(0, 2))).toEqual(['stored', 'stored']);
});

it('takes a batch larger than its bound when it is alone', async () => {
  const queue = new BatchQueue({ maxRows: 20 });
  const push = queue.push(batchOf(500), meta(0));
  (await consumer(queue)())?.settle('stored');
  expect(await push).toBe('stored');
});

it('on closing delivers what it accepted, refuses the rest, and ends', async () => {
  const queue = new BatchQueue({ maxRows: 20 });
  const accepted = [queue.push(batchOf(10), meta(0)), queue.push(batchOf(10), meta(1))];
  const refused = queue.push(batchOf(10), meta(2));
  const refusal = expect(refused).rejects.toMatchObject({ code: 'overloaded' });
  queue.close();
  await refusal;
  const next = consumer(queue);
  (await next())?.settle('stored');
  (await next())?.settle('stored');
  expect(await next()).toBeNull();
  expect(await Promise.all(accepted)).toEqual(['stored', 'stored']);
});

it('bounds bytes as well as rows, and counts what it holds', async () => {
  const queue = new BatchQueue({ maxBytes: 60_000 });
  const pushes = [0, 1].map((sequence) => queue.push(new PacketBatch(200), meta(sequence)));
  expect(queue.stats).toMatchObject({ batches: 1, waiting: 1, bytes: 38_000 });
  for await (const delivery of queue.deliveries()) {
    delivery.settle('stored');
    // Settling twice must not free room twice.
    delivery.settle('stored');
    if (queue.stats.batches === 0) queue.close();
  }
  expect(await Promise.all(pushes)).toEqual(['stored', 'stored']);
  expect(queue.stats).toEqual({ rows: 0, bytes: 0, batches: 0, waiting: 0 });
});
