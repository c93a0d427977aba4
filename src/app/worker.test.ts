import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PacketBatch } from '../contract/packet-batch.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';
import { BatchQueue } from '../stream/batch-queue.ts';
import type { StoreResult } from '../stream/batch-stream.ts';
import { runWorker } from './worker.ts';

const LARGE = 4096;

/** A worker over a queue; each ingest waits until it is told how to end. */
function working() {
  const queue = new BatchQueue();
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const done = runWorker(
    queue,
    (_batch, { sensorId, sequence }) =>
      new Promise<StoreResult>((resolve, reject) => {
        const name = `${sensorId}${sequence}`;
        begun.push(name);
        ends.set(name, (error) => (error ? reject(error) : resolve('stored')));
      }),
  );
  const push = (sensorId: string, sequence: number, rows = 1) => {
    const meta: BatchMeta = { sensorId, epoch: 'e', sequence };
    const batch = new PacketBatch(rows);
    for (let row = 0; row < rows; row++) batch.addRow(row, 60);
    return queue.push(batch, meta);
  };
  const end = async (name: string, error?: Error) => {
    ends.get(name)?.(error);
    await turn();
  };
  return { queue, begun, push, end, done };
}

describe('runWorker', () => {
  it('begins a sensor’s next batch only when the one before is settled, also where it failed', async () => {
    const { begun, push, end, queue, done } = working();
    const first = push('a', 0);
    const second = push('a', 1);
    await turn();
    expect(begun).toEqual(['a0']);
    const refused = expect(first).rejects.toThrow('down');
    await end('a0', new Error('down'));
    await refused;
    expect(begun).toEqual(['a0', 'a1']);
    await end('a1');
    expect(await second).toBe('stored');
    queue.close();
    await done;
  });

  it('works on several sensors at once, and on no more than three with large batches', async () => {
    const { begun, push, end } = working();
    for (const sensor of ['a', 'b', 'c', 'd']) void push(sensor, 0, LARGE);
    await turn();
    expect(begun).toEqual(['a0', 'b0', 'c0']);
    await end('b0');
    expect(begun).toEqual(['a0', 'b0', 'c0', 'd0']);
  });

  it('lets no sensor with many batches hold up one with few', async () => {
    const { begun, push, end } = working();
    for (const sensor of ['a', 'b', 'c'])
      for (const sequence of [0, 1, 2]) void push(sensor, sequence, LARGE);
    void push('quiet', 0);
    await turn();
    await end('a0');
    expect(begun.slice(3)).toEqual(['quiet0', 'a1']);
  });

  it('ends when the queue is closed and everything is settled', async () => {
    const { queue, push, end, done } = working();
    let isDone = false;
    void done.then(() => {
      isDone = true;
    });
    const answers = [push('a', 0), push('a', 1), push('b', 0)];
    await turn();
    queue.close();
    for (const name of ['a0', 'b0']) await end(name);
    expect(isDone).toBe(false);
    await end('a1');
    await done;
    expect(await Promise.all(answers)).toEqual(['stored', 'stored', 'stored']);
  });
});
