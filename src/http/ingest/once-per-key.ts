/**
 * `Idempotency-Key`: a delivery of JSON records that is sent again is not stored again.
 *
 * The newest keys are remembered while the server runs, with what body they stood for. Beyond that, and at other
 * servers, the place that is made of the key is known for two days (`record-sequences.ts`), whatever the body is then.
 */

import { AppError } from '../../errors.ts';
import { hashSecret } from '../auth/secret.ts';
import { InvalidRequest } from '../invalid-request.ts';

const MAX_KEYS = 10_000;
const KEY = /^[\x21-\x7e]{1,255}$/;

interface Delivery {
  /** SHA-256 of the body: one key stands for one body. */
  readonly digest: string;
  readonly done: Promise<unknown>;
}

export class OncePerKey {
  /** Oldest first. */
  readonly #deliveries = new Map<string, Delivery>();

  /**
   * Runs `deliver` unless the sensor's key was seen; waits for it in any case. Returns whether it was new.
   * A delivery that failed is forgotten.
   * @throws AppError conflict where the key came with another body.
   */
  async run(
    sensorId: string,
    key: string,
    body: Uint8Array,
    deliver: () => Promise<unknown>,
  ): Promise<boolean> {
    if (!KEY.test(key))
      throw new InvalidRequest([
        { pointer: 'Idempotency-Key', detail: 'Expected 1 to 255 printable ASCII characters' },
      ]);
    const id = `${sensorId} ${key}`;
    const digest = hashSecret(body);
    const known = this.#deliveries.get(id);
    if (known) {
      if (known.digest !== digest)
        throw new AppError('conflict', 'The Idempotency-Key was used for another body');
      await known.done;
      return false;
    }
    const done = deliver();
    this.#deliveries.set(id, { digest, done });
    for (const oldest of this.#deliveries.keys()) {
      if (this.#deliveries.size <= MAX_KEYS) break;
      this.#deliveries.delete(oldest);
    }
    try {
      await done;
      return true;
    } catch (failure) {
      this.#deliveries.delete(id);
      throw failure;
    }
  }
}
