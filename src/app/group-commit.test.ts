import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { trafficBatch } from '../../test/support/traffic.ts';
import type { AnalysedBatch } from '../contract/analysis.ts';
import { AppError } from '../errors.ts';
import { ingestTogether } from '../store/ingest.ts';
import type { StoreResult } from '../stream/batch-stream.ts';
import { GroupCommit } from './group-commit.ts';

function batchOf(sensorId: string, packets = 3): AnalysedBatch {
  return trafficBatch({ packets, startMicros: 1_700_000_000_000_000, sensorId });
}

/** Commits wait until they are told how to end. */
function held() {
  const groups: string[][] = [];
  const ends: ((error?: Error) => void)[] = [];
  const together = new GroupCommit((batches) => {
    groups.push(batches.map(({ sensorId }) => sensorId));
    return new Promise<StoreResult[]>((resolve, reject) =>
      ends.push((error) => (error ? reject(error) : resolve(batches.map(() => 'stored')))),
    );
  });
  const end = async (at: number, error?: Error) => {
    ends[at]?.(error);
    await turn();
  };
  return { together, groups, end };
}

describe('GroupCommit', () => {
  it('writes at once what comes alone, and together what has waited meanwhile', async () => {
    const { together, groups, end } = held();
    const answers = ['a', 'b', 'c', 'd', 'e'].map((name) => together.store(batchOf(name)));
    expect(groups).toEqual([['a'], ['b']]);
    await end(0);
    expect(groups).toEqual([['a'], ['b'], ['c', 'd', 'e']]);
    await end(1);
    await end(2);
    expect(await Promise.all(answers)).toEqual(Array(5).fill('stored'));
  });

  it('takes no more rows into a transaction than it says, and one batch of any size', async () => {
    const { together, groups, end } = held();
    for (const name of ['a', 'b']) void together.store(batchOf(name));
    void together.store(batchOf('great', 20_000));
    for (const name of ['c', 'd']) void together.store(batchOf(name, 10_000));
    await end(0);
    await end(1);
    expect(groups.slice(2)).toEqual([['great'], ['c']]);
  });

  it('without a database no batch of the group is tried alone', async () => {
    const { together, groups, end } = held();
    const answers = ['a', 'b', 'c', 'd'].map((name) => together.store(batchOf(name)));
    const settled = Promise.allSettled(answers);
    await end(0);
    await end(2, new AppError('database_unavailable', 'gone'));
    await end(1);
    expect((await settled).map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(groups).toHaveLength(3);
  });

  it('a batch that cannot be stored fails alone; the others are there, once', async () => {
    await withDatabase(async (db) => {
      const groups: number[] = [];
      const together = new GroupCommit((batches) => {
        groups.push(batches.length);
        return ingestTogether(db, batches);
      });
      const names = ['a', 'b', 'c', 'bad', 'd'];
      const batches = names.map((name) => batchOf(name));
      const bad = batches[3] as AnalysedBatch;
      batches[3] = { ...bad, alerts: [{ id: 'x' } as never] };
      const results = await Promise.allSettled(batches.map((batch) => together.store(batch)));
      expect(results.map(({ status }) => status === 'fulfilled')).toEqual(
        names.map((name) => name !== 'bad'),
      );
      expect(groups).toEqual([1, 1, 3, 1, 1, 1]);
      expect(
        await db.query('SELECT sensor_id, count(*) AS rows FROM raw_packets GROUP BY 1 ORDER BY 1'),
      ).toEqual(['a', 'b', 'c', 'd'].map((sensor_id) => ({ sensor_id, rows: 3 })));
    });
  });
});
