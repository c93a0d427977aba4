/** What every `BatchStream` does, run by each implementation with a stream that has room for two batches of ten rows. */
import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../contract/packet-batch.ts';
import type { BatchStream, Delivery } from './batch-stream.ts';

function batchOf(rows: number): PacketBatch {
  const batch = new PacketBatch(rows);
  for (let row = 0; row < rows; row++) batch.addRow(1_000_000 + row, 60);
  return batch;
}

function meta(sequence: number) {
  return { sensorId: 'suite', epoch: 'epoch', sequence };
}

/** The deliveries of a stream one after another, the way a worker takes them. */
function consumer(stream: BatchStream): () => Promise<Delivery | null> {
  const iterator = stream.deliveries()[Symbol.asyncIterator]();
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

export function batchStreamSuite(name: string, open: () => BatchStream): void {
  describe(name, () => {
    it('delivers in order, whole', async () => {
      const stream = open();
      const pushes = [stream.push(batchOf(3), meta(0)), stream.push(batchOf(5), meta(1))];
      const next = consumer(stream);
      for (const [sequence, rows] of [
        [0, 3],
        [1, 5],
      ]) {
        const delivery = await next();
        expect(delivery?.meta).toEqual(meta(sequence ?? -1));
        expect(delivery?.batch.length).toBe(rows);
        expect(delivery?.batch.tsMicros[0]).toBe(1_000_000);
        delivery?.settle('stored');
      }
      expect(await Promise.all(pushes)).toEqual(['stored', 'stored']);
    });

    it('answers a push only when the worker settled the batch, with its answer', async () => {
      const stream = open();
      const push = stream.push(batchOf(1), meta(0));
      const delivery = await consumer(stream)();
      expect(await isPending(push)).toBe(true);
      delivery?.settle('duplicate');
      expect(await push).toBe('duplicate');
    });

    it('hands the failure of the worker to whoever pushed', async () => {
      const stream = open();
      const push = stream.push(batchOf(1), meta(0));
      (await consumer(stream)())?.fail(new Error('the database went away'));
      await expect(push).rejects.toThrow('the database went away');
    });

    it('makes pushes wait when it is full and takes them in order as room comes back', async () => {
      const stream = open();
      const pushes = [0, 1, 2, 3].map((sequence) => stream.push(batchOf(10), meta(sequence)));
      const next = consumer(stream);
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
      const stream = open();
      const push = stream.push(batchOf(500), meta(0));
      (await consumer(stream)())?.settle('stored');
      expect(await push).toBe('stored');
    });

    it('on closing delivers what it accepted, refuses the rest, and ends', async () => {
      const stream = open();
      const accepted = [stream.push(batchOf(10), meta(0)), stream.push(batchOf(10), meta(1))];
      const refused = stream.push(batchOf(10), meta(2));
      const refusal = expect(refused).rejects.toMatchObject({ code: 'overloaded' });
      stream.close();
      await refusal;
      await expect(stream.push(batchOf(1), meta(3))).rejects.toMatchObject({ code: 'overloaded' });
      const next = consumer(stream);
      (await next())?.settle('stored');
      (await next())?.settle('stored');
      expect(await next()).toBeNull();
      expect(await Promise.all(accepted)).toEqual(['stored', 'stored']);
    });
  });
}
