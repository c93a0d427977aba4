/** A pipeline that ends at any step and another that goes on from what it left on disk. */
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AnalysedBatch, BlockRequest } from '../../contract/analysis.ts';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { conversation, type Hand, times } from '../../core/detection/detections.suite.ts';
import { batchOf } from '../../core/flows/packet-rows.suite.ts';
import { AppError } from '../../errors.ts';
import { Pipeline } from '../pipeline.ts';
import type { Place } from './analysis-keeper.ts';
import { StateKeeper } from './state-keeper.ts';

const SENSOR = 's';
const EPOCH = 'e';
const BATCHES = 24;

/** A log-in tried again and again, a scan, and clients that work: 10 s a batch. */
function batch(number: number): PacketBatch {
  const t = 1_700_000_000 + 10 * number;
  const packets: Hand[] = times(6, (i) => [
    ...conversation(t + i, '10.0.0.1', '10.0.0.2', 3389, 20_000 + 10 * number + i),
    { t: t + i + 0.5, src: '10.0.0.9', dst: '10.0.0.2', sport: 4000, dport: 100 + 7 * number + i },
  ])
    .flat()
    .map((each) => ('dport' in each && each.src === '10.0.0.9' ? { ...each, flags: 'S' } : each));
  return batchOf(packets);
}

/** What a database has: rows as texts, and how far each epoch is. */
class Committed {
  readonly rows: string[] = [];
  readonly alerts = new Map<string, unknown>();
  readonly blocks: string[] = [];
  places: Place[] = [];

  store({ epoch, sequence, flows, windows, alerts, blocks, verdicts }: AnalysedBatch): void {
    for (const flow of flows) this.rows.push(JSON.stringify(flow));
    for (const { values, ...window } of windows)
      this.rows.push(JSON.stringify([window, [...values]]));
    this.rows.push(JSON.stringify([[...verdicts.flowId], [...verdicts.threatScore]]));
    for (const alert of alerts) this.alerts.set(alert.id, alert);
    for (const { alertId } of blocks) this.blocks.push(alertId);
    this.places = [{ epoch, sequence }, ...this.places.filter((place) => place.epoch !== epoch)];
  }

  get content() {
    return { rows: this.rows, alerts: [...this.alerts.values()], blocks: this.blocks };
  }
}

type End = 'before the commit' | 'after the commit';

describe('a restart', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'phantomnet-resume-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  function keeperOf(
    committed: Committed,
    limits: { snapshotMs: number; journalBytes: number },
    warnings: string[],
  ) {
    return new StateKeeper({
      dir,
      ...limits,
      committed: async () => committed.places,
      log: { info() {}, warn: (_: unknown, text: string) => warnings.push(text) } as never,
      onTrouble(reason) {
        if (reason) warnings.push(reason);
      },
    });
  }

  /** A pipeline that ends at the commit of a batch: it is told that there is no database, and hears of no more. */
  function pipelineOf(
    committed: Committed,
    {
      snapshotMs = 1e9,
      journalBytes = 1 << 20,
      endAt = -1,
      end = 'before the commit' as End,
      warnings = [] as string[],
      onStore = async (_sequence: number) => {},
      ask = (_blocks: readonly BlockRequest[]): unknown => undefined,
      askAgain = (_blocks: readonly BlockRequest[]): unknown => undefined,
    },
  ) {
    return new Pipeline({
      analysis: { judge: null },
      keeper: keeperOf(committed, { snapshotMs, journalBytes }, warnings),
      async store(analysed) {
        await onStore(analysed.sequence);
        const isEnd = endAt >= 0 && analysed.sequence === place(endAt).sequence;
        if (!isEnd || end === 'after the commit') committed.store(analysed);
        if (isEnd) throw new AppError('database_unavailable', 'the end');
        return 'stored';
      },
      onStored() {},
      onBlocks: ask,
      onRecalledBlocks: askAgain,
      onBug(error) {
        throw error;
      },
    });
  }

  /** Two batches were lost before number 12, as the sensor says, and one before number 18, which nobody told. */
  const place = (number: number) => ({
    sensorId: SENSOR,
    epoch: EPOCH,
    sequence: number + (number >= 12 ? 2 : 0) + (number >= 18 ? 1 : 0),
    ...(number === 12 && { lostBefore: 40 }),
  });
  const packets = (sequence: number) =>
    sequence === BATCHES ? new PacketBatch(1) : batch(sequence);

  /** Sends the batches from one on, as a sensor does, until the pipeline ends; returns the first not acknowledged. */
  async function send(pipeline: Pipeline, from: number): Promise<number> {
    for (let sequence = from; sequence <= BATCHES; sequence++) {
      try {
        await pipeline.ingest(packets(sequence), place(sequence));
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        await pipeline.close();
        return sequence;
      }
    }
    await pipeline.close();
    return BATCHES + 1;
  }

  async function undisturbed() {
    const committed = new Committed();
    const pipeline = new Pipeline({
      analysis: { judge: null },
      store: async (analysed) => {
        committed.store(analysed);
        return 'stored';
      },
      onStored() {},
      onBlocks() {},
      onBug(error) {
        throw error;
      },
    });
    await send(pipeline, 0);
    return committed.content;
  }

  it('changes nothing, at whatever commit it comes, with and without snapshots', async () => {
    const expected = await undisturbed();
    expect(expected.alerts.length).toBeGreaterThanOrEqual(2);
    expect(expected.blocks).toHaveLength(1);
    for (const snapshotMs of [0, 1e9])
      for (const end of ['before the commit', 'after the commit'] as const)
        for (const endAt of [0, 1, 6, 11, 12, 17, 18, BATCHES]) {
          const committed = new Committed();
          const first = pipelineOf(committed, { snapshotMs, endAt, end });
          const unacknowledged = await send(first, 0);
          expect(unacknowledged).toBe(endAt);
          const warnings: string[] = [];
          await send(pipelineOf(committed, { snapshotMs, warnings }), unacknowledged);
          expect(warnings).toEqual([]);
          expect({ snapshotMs, end, endAt, ...committed.content }).toEqual({
            snapshotMs,
            end,
            endAt,
            ...expected,
          });
          await rm(dir, { recursive: true, force: true });
        }
  }, 60_000);

  it('changes nothing when it comes again and again', async () => {
    const committed = new Committed();
    let next = 0;
    for (let round = 0; next <= BATCHES; round++) {
      const end = round % 2 === 0 ? 'before the commit' : 'after the commit';
      const snapshotMs = round % 3 === 0 ? 0 : 1e9;
      // Before a commit it comes back to the same batch: the next round gets past it.
      next = await send(
        pipelineOf(committed, { snapshotMs, endAt: next + (round % 2), end }),
        next,
      );
    }
    expect(committed.content).toEqual(await undisturbed());
  }, 60_000);

  it('is none for a sensor that sends while its state is still being written to make room', async () => {
    const sensors = { [SENSOR]: new Committed(), other: new Committed() };
    const of = (sensorId: string) => sensors[sensorId as keyof typeof sensors];
    const warnings: string[] = [];
    const pipeline = new Pipeline({
      analysis: { judge: null },
      keeper: new StateKeeper({
        dir,
        snapshotMs: 1e9,
        journalBytes: 1 << 20,
        committed: async (sensorId) => of(sensorId).places,
        log: { info() {}, warn: (_: unknown, text: string) => warnings.push(text) } as never,
        onTrouble() {},
      }),
      maxSensors: 1,
      store: async (analysed) => {
        of(analysed.sensorId).store(analysed);
        return 'stored';
      },
      onStored() {},
      onBlocks() {},
      onBug(error) {
        throw error;
      },
    });
    for (let sequence = 0; sequence <= BATCHES; sequence++) {
      const another = pipeline.ingest(batch(sequence), { ...place(sequence), sensorId: 'other' });
      // From the second round on the other takes its place.
      while (pipeline.evictions < sequence) await new Promise(setImmediate);
      await pipeline.ingest(packets(sequence), place(sequence));
      await another;
    }
    await pipeline.close();
    expect(warnings).toEqual([]);
    expect(of(SENSOR).content).toEqual(await undisturbed());
  }, 60_000);

  it('changes nothing when it comes before the newest snapshot is on disk', async () => {
    const committed = new Committed();
    const before = await mkdtemp(join(tmpdir(), 'phantomnet-before-'));
    const folder = join(dir, SENSOR);
    const first = pipelineOf(committed, {
      // A snapshot after every commit.
      journalBytes: 1,
      endAt: 8,
      end: 'after the commit',
      async onStore(sequence) {
        if (sequence === 7) await cp(folder, before, { recursive: true });
      },
    });
    await send(first, 0);
    const [older] = await readdir(before);
    const [newer] = await readdir(folder);
    expect(Number.parseInt(newer ?? '', 10)).toBe(Number.parseInt(older ?? '', 10) + 1);
    await rm(join(folder, (newer ?? '').replace('journal', 'state')));
    await cp(before, folder, { recursive: true });
    await rm(before, { recursive: true });
    const warnings: string[] = [];
    await send(pipelineOf(committed, { warnings }), 8);
    expect(warnings).toEqual([]);
    expect(committed.content).toEqual(await undisturbed());
  });

  it('forgets no block that nobody had decided on', async () => {
    const committed = new Committed();
    let decide = () => {};
    let asked: string | undefined;
    const first = pipelineOf(committed, {
      snapshotMs: 0,
      ask([block]) {
        asked = block?.alertId;
        return new Promise<void>((resolve) => {
          decide = resolve;
        });
      },
    });
    let next = 0;
    while (asked === undefined) {
      await first.ingest(packets(next), place(next));
      next++;
    }
    await first.ingest(packets(next), place(next));
    next++;
    // It ends here; the block was never decided on.
    const again: string[] = [];
    const second = pipelineOf(committed, {
      askAgain: (blocks) => again.push(...blocks.map(({ alertId }) => alertId)),
    });
    await send(second, next);
    expect(again).toEqual([asked]);
    expect(committed.content).toEqual(await undisturbed());
    decide();
    await first.close();
  });

  it('notices that a journal in between is gone', async () => {
    const committed = new Committed();
    await send(pipelineOf(committed, { endAt: 3 }), 0);
    const before = await mkdtemp(join(tmpdir(), 'phantomnet-before-'));
    await cp(dir, before, { recursive: true });
    await send(pipelineOf(committed, { snapshotMs: 0, endAt: 9 }), 3);
    const folder = join(dir, SENSOR);
    for (const name of await readdir(folder))
      if (name.endsWith('.state')) await rm(join(folder, name));
    await cp(before, dir, { recursive: true });
    await rm(before, { recursive: true });
    const warnings: string[] = [];
    await send(pipelineOf(committed, { warnings }), 9);
    expect(warnings.join('\n')).toContain('of its journal is missing');
  });

  it('after an orderly end reads no journal', async () => {
    const committed = new Committed();
    const first = pipelineOf(committed, {});
    for (let sequence = 0; sequence < 10; sequence++)
      await first.ingest(packets(sequence), place(sequence));
    await first.close();
    const names = await readdir(join(dir, SENSOR));
    expect(names.filter((name) => name.endsWith('.state'))).toHaveLength(1);
    await send(pipelineOf(committed, {}), 10);
    expect(committed.content).toEqual(await undisturbed());
  });

  it('takes a batch that comes twice once, whatever its epoch', async () => {
    const committed = new Committed();
    const first = pipelineOf(committed, {});
    await first.ingest(packets(0), place(0));
    await first.ingest(packets(1), { ...place(0), epoch: 'f' });
    await first.close();
    const second = pipelineOf(committed, {});
    expect(await second.ingest(packets(0), place(0))).toBe('duplicate');
    expect(await second.ingest(packets(1), { ...place(0), epoch: 'f' })).toBe('duplicate');
    await second.close();
  });

  /** The completeness of the network's windows in the order of their ends. */
  const completeness = ({ rows }: Committed) =>
    rows
      .map((row) => JSON.parse(row) as unknown)
      .filter((row) => Array.isArray(row))
      .map(([window]) => window as { scope?: string; size: number; completeness: number })
      .filter(({ scope }) => scope === 'network')
      .map(({ size, completeness }) => [size, completeness] as const);

  it.each([
    ['the state is gone', async (folder: string) => rm(folder, { recursive: true })],
    [
      'the snapshot is damaged',
      async (folder: string) => {
        for (const name of await readdir(folder))
          if (name.endsWith('.state')) await writeFile(join(folder, name), 'PNS1 damaged');
      },
    ],
    [
      'the journal is cut off',
      async (folder: string) => {
        for (const name of await readdir(folder))
          if (name.endsWith('.journal')) await writeFile(join(folder, name), '');
      },
    ],
  ])('begins anew where %s, and the windows say so', async (_, damage) => {
    const committed = new Committed();
    await send(pipelineOf(committed, { endAt: 6 }), 0);
    await send(pipelineOf(committed, { endAt: 8 }), 6);
    const before = completeness(committed).length;
    await damage(join(dir, SENSOR));
    const warnings: string[] = [];
    await send(pipelineOf(committed, { warnings }), 8);
    expect(warnings).toHaveLength(1);
    expect(warnings.join('\n')).toContain('begins anew');
    const after = completeness(committed).slice(before);
    const first = (size: number) => after.find(([of]) => of === size)?.[1];
    // Batch 8 is of 80 s after a time that is 20 s into its 30 s and 80 s into its 180 s.
    expect(first(5)).toBe(1);
    expect(first(30)).toBeCloseTo(20 / 30);
    expect(first(180)).toBeCloseTo(20 / 180);
    expect(after.filter(([size]) => size === 5).slice(0, 4)).toEqual(times(4, () => [5, 1]));
  });

  it('says nothing of a sensor that is new', async () => {
    const committed = new Committed();
    const warnings: string[] = [];
    await send(pipelineOf(committed, { warnings }), 0);
    expect(warnings).toEqual([]);
    // Up to where batches were lost.
    expect(
      completeness(committed)
        .slice(0, 20)
        .every(([, share]) => share === 1),
    ).toBe(true);
  });

  it('counts on, and says so, where the disk takes nothing', async () => {
    await writeFile(join(dir, SENSOR), 'no folder can be here');
    const committed = new Committed();
    const warnings: string[] = [];
    await send(pipelineOf(committed, { warnings, snapshotMs: 0 }), 0);
    expect(warnings.join('\n')).toMatch(/cannot be (read|written): .*(EEXIST|ENOTDIR|no folder)/);
    expect(warnings[0]).toMatch(/is not kept over a restart/);
    expect(committed.content).toEqual(await undisturbed());
  });
});
