/** Asks again and again, also where asking fails. */
import { setTimeout as sleep } from 'node:timers/promises';

/** From the end of a disturbance. */
const SETTLE_MS = 60_000;

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await isSo()) return;
    } catch (error) {
      last = error;
    }
    await sleep(100);
  }
  throw new Error('It did not come to that in time', { cause: last });
}
