/**
 * Places for batches that come as JSON records and carry none of their own.
 *
 * A batch is stored once per (sensor, epoch, sequence), so records need a sequence too: one epoch per
 * sensor and start of the server, counting up. Batches of one sensor are stored one after another: a
 * number that came late would pass for stored. The number of a batch that failed belongs to its records:
 * where they come again next they get it again, so that they are analysed and stored once whatever was made
 * of them before; others get the next one.
 */
import { randomUUID } from 'node:crypto';
import type { BatchMeta } from '../../stream/batch-meta.ts';
import { hashSecret } from '../auth/secret.ts';

/** Sensors are keys that an administrator made; the cap is for the case that there are very many. */
const MAX_SENSORS = 1000;

interface Sequence {
  readonly epoch: string;
  next: number;
  waiting: number;
  last: Promise<unknown>;
  /** Digest of the records that failed last; they hold the number before `next`. */
  failed: string | null;
}

export class RecordSequences {
  readonly #sequences = new Map<string, Sequence>();

  /** Runs `store` with the place of the records with this digest, when the sensor's earlier batches are done. */
  run<Result>(
    sensorId: string,
    digest: string,
    store: (place: BatchMeta) => Promise<Result>,
  ): Promise<Result> {
    return this.#inTurn(sensorId, async (sequence) => {
      const number = sequence.failed === digest ? sequence.next - 1 : sequence.next++;
      sequence.failed = digest;
      const result = await store({ sensorId, epoch: sequence.epoch, sequence: number });
      sequence.failed = null;
      return result;
    });
  }

  /**
   * As `run`, for records whose sender gave them a key: their place is made of it, so that they are known again
   * at another server and after a restart, as long as places are kept.
   */
  runKeyed<Result>(
    sensorId: string,
    key: string,
    store: (place: BatchMeta) => Promise<Result>,
  ): Promise<Result> {
    const epoch = `key-${hashSecret(key).slice(0, 40)}`;
    return this.#inTurn(sensorId, () => store({ sensorId, epoch, sequence: 0 }));
  }

  async #inTurn<Result>(
    sensorId: string,
    work: (sequence: Sequence) => Promise<Result>,
  ): Promise<Result> {
    const sequence = this.#sequenceOf(sensorId);
    sequence.waiting++;
    const turn = sequence.last.then(() => work(sequence));
    sequence.last = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      sequence.waiting--;
    }
  }

  #sequenceOf(sensorId: string): Sequence {
    const known = this.#sequences.get(sensorId);
    if (known) return known;
    if (this.#sequences.size >= MAX_SENSORS) this.#forgetOneIdle();
    const sequence = {
      epoch: `json-${randomUUID()}`,
      next: 0,
      waiting: 0,
      last: Promise.resolve(),
      failed: null,
    };
    this.#sequences.set(sensorId, sequence);
    return sequence;
  }

  /** The oldest without work goes; should it come back, it begins a new epoch. */
  #forgetOneIdle(): void {
    for (const [sensorId, { waiting }] of this.#sequences)
      if (waiting === 0) {
        this.#sequences.delete(sensorId);
        return;
      }
  }
}
