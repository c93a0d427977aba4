/**
 * The journal's batches up to the last committed one, in order, each once. What stands between two committed
 * ones and was not committed itself (the sensor gave it up) was counted all the same, so it is given, too.
 */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { StateError } from '../../core/state/state-error.ts';
import { AppError } from '../../errors.ts';
import { type DecodedBatch, decodeBatch } from '../../stream/batch-codec.ts';
import type { BatchMeta } from '../../stream/batch-meta.ts';
import type { Place } from './analysis-keeper.ts';
import type { JournalEntry } from './journal.ts';

/**
 * @param from entries up to this number are in the snapshot, whose last batch is `last`; `places` are its last of each epoch
 * @throws StateError where the journal does not lead to what the database has
 */
export async function replayJournal(
  journal: AsyncIterable<JournalEntry>,
  committed: readonly Place[],
  { last, entries, places }: { last: Place | null; entries: number; places: readonly Place[] },
  apply: (packets: PacketBatch, place: BatchMeta, isCommitted: boolean) => void,
): Promise<void> {
  const newest = new Map(committed.map(({ epoch, sequence }) => [epoch, sequence]));
  const counted = new Map(places.map(({ epoch, sequence }) => [epoch, sequence]));
  let reached = last;
  let number = entries;
  let waiting: JournalEntry[] = [];
  for await (const entry of journal) {
    if (entry.number <= entries) continue;
    if (entry.number !== ++number)
      throw new StateError(`batch ${number} of its journal is missing`);
    const { batch, meta } = decode(entry);
    // It came twice: a stream has it twice then.
    if (meta.sequence <= (counted.get(meta.epoch) ?? -1)) continue;
    if ((newest.get(meta.epoch) ?? -1) < meta.sequence) {
      waiting.push(entry);
      continue;
    }
    for (const earlier of waiting.map(decode)) apply(earlier.batch, earlier.meta, false);
    apply(batch, meta, true);
    counted.set(meta.epoch, meta.sequence);
    waiting = [];
    reached = meta;
  }
  const truth = committed[0] ?? null;
  if (reached?.epoch !== truth?.epoch || reached?.sequence !== truth?.sequence)
    throw new StateError(
      `it reaches to ${placeName(reached)}, the database to ${placeName(truth)}`,
    );
}

function decode({ batch: bytes, lostBefore }: JournalEntry): DecodedBatch {
  try {
    const { batch, meta } = decodeBatch(bytes);
    return { batch, meta: lostBefore > 0 ? { ...meta, lostBefore } : meta };
  } catch (error) {
    if (error instanceof AppError) throw new StateError(error.message);
    throw error;
  }
}

function placeName(place: Place | null): string {
  return place ? `batch ${place.sequence} of ${place.epoch}` : 'nothing';
}
