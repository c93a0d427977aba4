import { describe, expect, it } from 'vitest';
import type { BatchMeta } from '../../stream/batch-meta.ts';
import { EPOCH } from '../../stream/batch-meta.ts';
import { RecordSequences } from './record-sequences.ts';

describe('RecordSequences', () => {
  it('stores the batches of one sensor in order, one at a time', async () => {
    const sequences = new RecordSequences();
    const places: BatchMeta[] = [];
    let running = 0;
    let most = 0;
    const store = async (place: BatchMeta) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      places.push(place);
    };
    await Promise.all([1, 2, 3].map(() => sequences.run('lab', store)));
    expect(places.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(new Set(places.map(({ epoch }) => epoch)).size).toBe(1);
    expect(places[0]?.epoch).toMatch(EPOCH);
    expect(most).toBe(1);
  });

  it('goes on after a batch that failed, and does not use its number again', async () => {
    const sequences = new RecordSequences();
    const seen: number[] = [];
    const store = async ({ sequence }: BatchMeta) => {
      seen.push(sequence);
      if (seen.length === 1) throw new Error('no database');
    };
    await expect(sequences.run('lab', store)).rejects.toThrow('no database');
    await sequences.run('lab', store);
    await sequences.run('lab', store);
    expect(seen).toEqual([0, 1, 2]);
  });
});
