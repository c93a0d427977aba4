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
    await Promise.all(['a', 'a', 'b'].map((digest) => sequences.run('lab', digest, store)));
    expect(places.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
    expect(new Set(places.map(({ epoch }) => epoch)).size).toBe(1);
    expect(places[0]?.epoch).toMatch(EPOCH);
    expect(most).toBe(1);
  });

  /** Runs the deliveries one after the other; the first one fails. Returns the numbers they got. */
  async function numbersOf(digests: string[]): Promise<number[]> {
    const sequences = new RecordSequences();
    const seen: number[] = [];
    const store = async ({ sequence }: BatchMeta) => {
      seen.push(sequence);
      if (seen.length === 1) throw new Error('no database');
    };
    for (const digest of digests) await sequences.run('lab', digest, store).catch(() => {});
    return seen;
  }

  it('gives records that failed their number again when they come again', async () => {
    expect(await numbersOf(['a', 'a', 'a', 'b'])).toEqual([0, 0, 1, 2]);
  });

  it('does not use the number of a batch that failed for another', async () => {
    expect(await numbersOf(['a', 'b', 'a'])).toEqual([0, 1, 2]);
  });
});
