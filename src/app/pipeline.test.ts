import { describe, expect, it } from 'vitest';
import type { AnalysedBatch } from '../contract/analysis.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import { conversation, times } from '../core/detection/detections.suite.ts';
import { batchOf } from '../core/flows/packet-rows.suite.ts';
import { AppError } from '../errors.ts';
import { loadJudge } from './model.ts';
import { Pipeline } from './pipeline.ts';
import type { AnalysisKeeper } from './resume/analysis-keeper.ts';

/** A pipeline whose store is told what to answer, and what reached it. */
function pipelineOf(answers: ('stored' | 'duplicate' | Error)[] = []) {
  const stored: AnalysedBatch[] = [];
  const told: AnalysedBatch[] = [];
  const bugs: unknown[] = [];
  const pipeline = new Pipeline({
    analysis: { judge: null },
    async store(batch) {
      const answer = answers.shift() ?? 'stored';
      if (answer instanceof Error) throw answer;
      stored.push(batch);
      return answer;
    },
    onStored: (batch) => told.push(batch),
    onBlocks() {},
    onBug: (error) => bugs.push(error),
  });
  return { pipeline, stored, told, bugs };
}

const place = (sequence: number, sensorId = 's') => ({ sensorId, epoch: 'e', sequence });
const talk = (t: number) =>
  batchOf(times(5, (i) => conversation(t + i, '10.0.0.1', '10.0.0.2', 80, 20_000 + i)).flat());
const down = new AppError('database_unavailable', 'down');

describe('Pipeline', () => {
  it('stores a batch once', async () => {
    const { pipeline, stored } = pipelineOf();
    expect(await pipeline.ingest(talk(0), place(0))).toBe('stored');
    expect(await pipeline.ingest(talk(0), place(0))).toBe('duplicate');
    expect(stored).toHaveLength(1);
  });

  it('gives a batch that could not be stored the same result when it comes again', async () => {
    const failing = pipelineOf([down]);
    await expect(failing.pipeline.ingest(talk(0), place(0))).rejects.toBe(down);
    await failing.pipeline.ingest(talk(0), place(0));
    await failing.pipeline.ingest(talk(100), place(1));
    const smooth = pipelineOf();
    await smooth.pipeline.ingest(talk(0), place(0));
    await smooth.pipeline.ingest(talk(100), place(1));
    expect(failing.stored.map(({ windows }) => windows)).toEqual(
      smooth.stored.map(({ windows }) => windows),
    );
    expect(failing.stored.map(({ flows }) => flows)).toEqual(
      smooth.stored.map(({ flows }) => flows),
    );
  });

  it('loses no result when the sensor gives up the batch that made it', async () => {
    const { pipeline, stored } = pipelineOf(['stored', down]);
    await pipeline.ingest(talk(0), place(0));
    await expect(pipeline.ingest(talk(100), place(1))).rejects.toBe(down);
    await pipeline.ingest(talk(200), place(2));
    const starts = stored.flatMap(({ windows }) =>
      windows.filter(({ scope }) => scope === 'network').map(({ startMicros }) => startMicros),
    );
    expect(starts).toContain(0);
  });

  it('judges by another model from the next batch on, of every sensor', async () => {
    const { pipeline, stored } = pipelineOf();
    const verdicts = () =>
      stored
        .at(-1)
        ?.windows.flatMap(({ scope, size, verdict }) =>
          scope === 'source' && size === 5 ? [verdict !== null] : [],
        );
    for (const sensor of ['a', 'b']) await pipeline.ingest(talk(0), place(0, sensor));
    await pipeline.ingest(talk(100), place(1, 'a'));
    expect(new Set(verdicts())).toEqual(new Set([false]));
    pipeline.judgeWith(loadJudge(null).judge);
    for (const sensor of ['a', 'b', 'c'])
      for (const sequence of [2, 3]) {
        await pipeline.ingest(talk(100 * sequence), place(sequence, sensor));
        if (sequence === 3) expect(new Set(verdicts())).toEqual(new Set([true]));
      }
    pipeline.judgeWith(null);
    await pipeline.ingest(talk(400), place(4, 'a'));
    expect(new Set(verdicts())).toEqual(new Set([false]));
  });

  it('closes what is open when a sensor ends its capture', async () => {
    const { pipeline, stored } = pipelineOf();
    await pipeline.ingest(talk(0), place(0));
    expect(stored[0]?.flows).toEqual([]);
    await pipeline.ingest(new PacketBatch(1), place(1));
    expect(stored[1]?.flows).toHaveLength(5);
    expect(stored[1]?.windows.length).toBeGreaterThan(0);
  });

  it('tells of a batch whose commit succeeded although its answer was lost', async () => {
    const { pipeline, told } = pipelineOf([down, 'duplicate']);
    await expect(pipeline.ingest(talk(0), place(0))).rejects.toBe(down);
    expect(await pipeline.ingest(talk(0), place(0))).toBe('duplicate');
    expect(told).toHaveLength(1);
  });

  it('stores unjudged what the analysis fails at, and goes on with the next', async () => {
    const { pipeline, stored, bugs } = pipelineOf();
    await pipeline.ingest(talk(0), place(0));
    const broken = talk(1);
    // A column that is not there: as a bug in a decoder would leave it.
    Object.defineProperty(broken, 'src', { value: undefined });
    expect(await pipeline.ingest(broken, place(1))).toBe('stored');
    expect(bugs).toHaveLength(1);
    expect(stored[1]?.verdicts.threatScore.every(Number.isNaN)).toBe(true);
    await pipeline.ingest(talk(100), place(2));
    await pipeline.ingest(new PacketBatch(1), place(3));
    expect(stored.at(-1)?.flows).toHaveLength(5);
  });

  it('refuses in the end what the store cannot write, and goes on with the next', async () => {
    const bug = new RangeError('no such column');
    const { pipeline, stored } = pipelineOf([bug, bug, bug]);
    for (const expected of [bug, bug, { code: 'input_invalid' }])
      await expect(pipeline.ingest(talk(0), place(0))).rejects.toMatchObject(expected);
    expect(await pipeline.ingest(talk(100), place(1))).toBe('stored');
    expect(stored).toHaveLength(1);
  });

  it('begins a new capture when the clock of a sensor is set back', async () => {
    const { pipeline, stored } = pipelineOf();
    await pipeline.ingest(talk(4e9), place(0));
    await pipeline.ingest(talk(0), place(1));
    await pipeline.ingest(new PacketBatch(1), place(2));
    const flows = stored.flatMap((batch) => batch.flows);
    expect(flows.map(({ firstSeenMicros }) => firstSeenMicros < 1e9)).toEqual(
      times(10, (i) => i >= 5),
    );
    const late = stored.map(({ latePackets }) => latePackets ?? 0);
    expect(Math.max(...late)).toBe(0);
  });

  describe('where batches were lost between sensor and here', () => {
    /** Completeness of the network's windows of 180 s. */
    const completenessOf = (stored: AnalysedBatch[]) =>
      stored
        .flatMap(({ windows }) => windows)
        .filter(({ scope, size }) => scope === 'network' && size === 180)
        .map(({ completeness }) => completeness);
    const rows = talk(0).length;

    it('lowers the completeness by what the sensor says', async () => {
      const { pipeline, stored } = pipelineOf();
      await pipeline.ingest(talk(0), place(0));
      await pipeline.ingest(talk(20), { ...place(3), lostBefore: 2 * rows });
      await pipeline.ingest(new PacketBatch(1), place(4));
      expect(completenessOf(stored)).toEqual([0.5]);
      expect(stored.map(({ lostPackets = 0 }) => lostPackets)).toEqual([0, 2 * rows, 0]);
    });

    it('takes the mean of its batches where it says nothing', async () => {
      const { pipeline, stored } = pipelineOf();
      await pipeline.ingest(talk(0), place(0));
      await pipeline.ingest(talk(10), place(1));
      await pipeline.ingest(talk(20), place(4));
      await pipeline.ingest(new PacketBatch(1), place(5));
      expect(completenessOf(stored)).toEqual([3 / 5]);
    });

    it('counts nothing lost that was stored or analysed here', async () => {
      const { pipeline, stored } = pipelineOf(['stored', down]);
      await pipeline.ingest(talk(0), place(0));
      await expect(pipeline.ingest(talk(10), place(1))).rejects.toBe(down);
      // The sensor gave that batch up, but its packets are in the windows.
      await pipeline.ingest(talk(20), { ...place(2), lostBefore: rows });
      // And this one it believes to have lost, for the answer came too late.
      await pipeline.ingest(talk(30), { ...place(3), lostBefore: rows });
      await pipeline.ingest(new PacketBatch(1), place(4));
      expect(completenessOf(stored)).toEqual([1]);
    });

    it('counts the packets at which the analysis failed', async () => {
      const { pipeline, stored } = pipelineOf();
      const broken = talk(0);
      Object.defineProperty(broken, 'src', { value: undefined });
      await pipeline.ingest(broken, place(0));
      await pipeline.ingest(talk(10), place(1));
      await pipeline.ingest(new PacketBatch(1), place(2));
      expect(completenessOf(stored)).toEqual([0.5]);
    });
  });

  it('tells how many packets came out of order and how many too late', async () => {
    const { pipeline, stored } = pipelineOf();
    const at = (...times_: number[]) =>
      batchOf(times_.map((t) => ({ t, src: '10.0.0.1', dst: '10.0.0.2' })));
    await pipeline.ingest(at(1000, 1001, 1000.5), place(0));
    await pipeline.ingest(at(1020, 1000, 1019), place(1));
    expect(stored).toMatchObject([
      { latePackets: 0, outOfOrderPackets: 1 },
      { latePackets: 1, outOfOrderPackets: 1 },
    ]);
  });

  it('closes the windows of one sensor while another is silent: no watermark is shared', async () => {
    const { pipeline, stored } = pipelineOf();
    await pipeline.ingest(talk(0), place(0, 'idle'));
    await pipeline.ingest(talk(0), place(0, 'busy'));
    await pipeline.ingest(talk(400), place(1, 'busy'));
    const windows = stored.flatMap((batch) => batch.windows);
    expect(new Set(windows.map(({ sensorId }) => sensorId))).toEqual(new Set(['busy']));
    expect(windows.filter(({ scope }) => scope === 'network').map(({ size }) => size)).toEqual(
      expect.arrayContaining([5, 30, 180]),
    );
    // And what the silent one has to say later is not late for it.
    await pipeline.ingest(talk(8), place(1, 'idle'));
    expect(stored.at(-1)).toMatchObject({ sensorId: 'idle', latePackets: 0 });
  });

  it('lets no sensor go while its batch is being stored', async () => {
    let commit = () => {};
    const first = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const stored: AnalysedBatch[] = [];
    const pipeline = new Pipeline({
      analysis: { judge: null },
      maxSensors: 1,
      async store(batch) {
        if (batch.sensorId === 'slow' && batch.sequence === 0) await first;
        stored.push(batch);
        return 'stored';
      },
      onStored() {},
      onBlocks() {},
      onBug() {},
    });
    const slow = pipeline.ingest(talk(0), place(0, 'slow'));
    await pipeline.ingest(talk(0), place(0, 'other'));
    commit();
    await slow;
    await pipeline.ingest(new PacketBatch(1), place(1, 'slow'));
    expect(stored.at(-1)?.flows).toHaveLength(5);
  });

  it('keeps sensors apart', async () => {
    const { pipeline, stored } = pipelineOf();
    await pipeline.ingest(talk(0), place(0, 'a'));
    await pipeline.ingest(talk(0), place(0, 'b'));
    await pipeline.ingest(new PacketBatch(1), place(1, 'a'));
    await pipeline.ingest(new PacketBatch(1), place(1, 'b'));
    const flowsOf = (sensorId: string) =>
      stored.filter((batch) => batch.sensorId === sensorId).flatMap(({ flows }) => flows);
    expect(flowsOf('a')).toHaveLength(5);
    expect(flowsOf('a').map(({ id }) => id)).not.toEqual(flowsOf('b').map(({ id }) => id));
  });

  it('has few states written at once, and the others when their turn comes', async () => {
    const written: (() => void)[] = [];
    const pipeline = new Pipeline({
      analysis: { judge: null },
      store: async () => 'stored',
      onStored() {},
      onBlocks() {},
      onBug() {},
      keeper: keeperOf(written),
    });
    for (const sensor of ['a', 'b', 'c', 'd']) await pipeline.ingest(talk(0), place(0, sensor));
    expect(written).toHaveLength(2);
    pipeline.saveDue();
    expect(written).toHaveLength(2);
    written[0]?.();
    await new Promise((done) => setImmediate(done));
    pipeline.saveDue();
    expect(written).toHaveLength(3);
  });
});

/** Of which a snapshot is due after every batch, and is written when the test says so. */
function keeperOf(written: (() => void)[]): AnalysisKeeper {
  return {
    hasJournal: false,
    attempts: 1,
    recall: async () => ({
      ...{ committed: [], next: 0, isEmpty: true, isKept: false },
      snapshot: async () => null,
      async *journal() {},
    }),
    async keep() {
      let isDue = false;
      return {
        ...{ entries: 0, isDirty: true, isFull: false },
        get isDue() {
          return isDue;
        },
        async append() {
          isDue = true;
        },
        snapshot() {
          isDue = false;
          return new Promise((resolve) => written.push(resolve));
        },
        async giveUp() {},
        async idle() {},
      };
    },
    async release() {},
    noteGap() {},
    noteLoss() {},
  };
}
