import { expect, it } from 'vitest';
import { PacketBatch } from '../contract/packet-batch.ts';
import { BatchQueue } from './batch-queue.ts';
import { batchStreamSuite } from './batch-stream.suite.ts';

batchStreamSuite('BatchQueue', () => new BatchQueue({ maxRows: 20 }));

it('bounds bytes as well as rows, and counts what it holds', async () => {
  const queue = new BatchQueue({ maxBytes: 60_000 });
  const meta = { sensorId: 's', epoch: 'e', sequence: 0 };
  const pushes = [0, 1].map(() => queue.push(new PacketBatch(200), meta));
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
