/**
 * Places for batches that come as JSON records and carry none of their own.
 *
 * A batch is stored once per (sensor, epoch, sequence), so records need a sequence too: one epoch per
 * sensor and start of the server, counting up. Batches of one sensor are stored one after another: a
 * number that came late would pass for stored. The number of a batch that failed is not used again,
 * because nobody knows what was made of it.
 */
import { randomUUID } from 'node:crypto';
import type { BatchMeta } from '../../stream/batch-meta.ts';

/** Sensors are keys that an administrator made; the cap is for the case that there are very many. */
const MAX_SENSORS = 1000;

interface Sequence {
  readonly epoch: string;
  next: number;
  waiting: number;
  last: Promise<unknown>;
}

export class RecordSequences {
  readonly #sequences = new Map<string, Sequence>();

  /** Runs `store` with the next place of the sensor, when its earlier batches are done. */
  async run<Result>(
    sensorId: string,
    store: (place: BatchMeta) => Promise<Result>,
  ): Promise<Result> {
    const sequence = this.#sequenceOf(sensorId);
    sequence.waiting++;
    const turn = sequence.last.then(() =>
      store({ sensorId, epoch: sequence.epoch, sequence: sequence.next++ }),
    );
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
