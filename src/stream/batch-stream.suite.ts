/** What every `BatchStream` does, run by each implementation. */
import { afterEach, describe, expect, it } from 'vitest';
import { PacketBatch } from '../contract/packet-batch.ts';
import type { BatchMeta } from './batch-meta.ts';
import type { BatchStream, Delivery } from './batch-stream.ts';

interface StreamUnderTest {
  readonly stream: BatchStream;
  /** Reads the suite's sensor from a position on, as a worker that begins does. */
  readonly deliveries: (after: number) => AsyncIterable<Delivery>;
  /** Makes room where only that helps: what was settled is not needed any more. */
  readonly trim?: (through: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface StreamSuite {
  /** @param options.small has room for a few batches of 500 rows only */
  readonly open: (options?: { small: boolean }) => Promise<StreamUnderTest>;
}

export const SUITE_SENSOR = 'suite.one';

function batchOf(rows: number, first = 1_000_000): PacketBatch {
  const batch = new PacketBatch(Math.max(1, rows));
  for (let row = 0; row < rows; row++) {
    batch.addRow(first + row, 60);
    batch.seq[row] = (row * 2_654_435_761) >>> 0;
    batch.dnsQname.set(row, `${(row * 2_654_435_761) >>> 0}.example`);
  }
  return batch;
}

function meta(sequence: number, more: Partial<BatchMeta> = {}): BatchMeta {
  return { sensorId: SUITE_SENSOR, epoch: 'epoch', sequence, ...more };
}

/** As a sensor does: again and again until it is answered. */
async function pushUntilAnswered(stream: BatchStream, sequence: number): Promise<void> {
  for (;;) {
    try {
      await stream.push(batchOf(3, 1_000_000 * (sequence + 1)), meta(sequence));
      return;
    } catch {
      await pause(5);
    }
  }
}

/** As a worker does: its database says how far it came, and that a batch was there before. */
class Worker {
  readonly stored: number[] = [];
  readonly times: number[] = [];
  position = 0;

  /** Until `count` are stored, or `end` says so before a batch is settled. */
  async work(
    { deliveries }: StreamUnderTest,
    count: number,
    onDelivery: (delivery: Delivery) => 'settle' | 'fail' | 'end' = () => 'settle',
  ): Promise<void> {
    if (this.stored.length >= count) return;
    for await (const delivery of deliveries(this.position)) {
      const what = onDelivery(delivery);
      if (what === 'fail') delivery.fail(new Error('the database went away'));
      if (what === 'end') {
        delivery.fail(new Error('the worker went away'));
        return;
      }
      if (what !== 'settle') continue;
      const { sequence } = delivery.meta;
      const isNew = sequence > (this.stored.at(-1) ?? -1);
      if (isNew) {
        this.stored.push(sequence);
        this.times.push(delivery.batch.tsMicros[0] ?? 0);
      }
      this.position = delivery.position;
      delivery.settle(isNew ? 'stored' : 'duplicate');
      if (this.stored.length >= count) return;
    }
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

export function batchStreamSuite(name: string, { open }: StreamSuite): void {
  describe(name, () => {
    const opened: StreamUnderTest[] = [];
    const start = async (options?: { small: boolean }) => {
      const one = await open(options);
      opened.push(one);
      return one;
    };
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.stop();
    });

    it('delivers in order, whole, with what the sensor gave up before', async () => {
      const one = await start();
      const pushes = [
        one.stream.push(batchOf(3), meta(0)),
        one.stream.push(batchOf(5), meta(1, { lostBefore: 12 })),
      ];
      const seen: unknown[] = [];
      await new Worker().work(one, 2, ({ batch, meta: place }) => {
        seen.push([place, batch.length, batch.tsMicros[0], batch.dnsQname.get(1)]);
        return 'settle';
      });
      const qname = `${2_654_435_761 >>> 0}.example`;
      expect(seen).toEqual([
        [meta(0), 3, 1_000_000, qname],
        [meta(1, { lostBefore: 12 }), 5, 1_000_000, qname],
      ]);
      expect(await Promise.all(pushes)).toEqual(['stored', 'stored']);
    });

    it('loses nothing that it answered for, whatever fails: each once, in order', async () => {
      const one = await start();
      const count = 40;
      const worker = new Worker();
      const working = (async () => {
        let random = 7;
        while (worker.stored.length < count)
          await worker.work(one, count, () => {
            random = (random * 48_271) % 2_147_483_647;
            return random % 5 === 0 ? 'fail' : random % 7 === 0 ? 'end' : 'settle';
          });
      })();
      for (let sequence = 0; sequence < count; sequence++) {
        await pushUntilAnswered(one.stream, sequence);
        // The answer was lost on its way to the sensor.
        if (sequence % 9 === 4) await pushUntilAnswered(one.stream, sequence);
      }
      await working;
      expect(worker.stored).toEqual(Array.from({ length: count }, (_, sequence) => sequence));
      expect(worker.times).toEqual(worker.stored.map((sequence) => 1_000_000 * (sequence + 1)));
    }, 60_000);

    it('delivers what failed again before what comes after it', async () => {
      const one = await start();
      const pushing = pushUntilAnswered(one.stream, 0).then(() => pushUntilAnswered(one.stream, 1));
      const seen: number[] = [];
      await new Worker().work(one, 2, ({ meta: { sequence } }) => {
        seen.push(sequence);
        return seen.length < 3 ? 'fail' : 'settle';
      });
      await pushing;
      expect(seen).toEqual([0, 0, 0, 1]);
    });

    it('holds pushes when it is full, and takes all of them as room comes back', async () => {
      const one = await start({ small: true });
      let answered = 0;
      const all = Array.from({ length: 12 }, async (_, sequence) => {
        // In order: a sensor sends the next when one is answered, twelve sensors do not wait for each other.
        await one.stream.push(batchOf(500), meta(0, { epoch: `e${sequence}` }));
        answered++;
      });
      const settled = Promise.allSettled(all);
      await pause(300);
      const worker = one.deliveries(0)[Symbol.asyncIterator]();
      expect(answered).toBeLessThan(12);
      for (let taken = 0; taken < 12; taken++) {
        const next = await worker.next();
        if (next.done) throw new Error('it ended');
        next.value.settle('stored');
        await one.trim?.(next.value.position);
      }
      await worker.return?.();
      expect((await settled).map(({ status }) => status)).toEqual(Array(12).fill('fulfilled'));
    });

    it('on closing refuses what comes and ends its deliveries', async () => {
      const one = await start();
      const working = new Worker().work(one, Number.POSITIVE_INFINITY);
      await one.stream.push(batchOf(1), meta(0));
      await one.stream.close();
      await working;
      const late = one.stream.push(batchOf(1), meta(1));
      await expect(late).rejects.toMatchObject({ code: 'overloaded' });
    });
  });
}
