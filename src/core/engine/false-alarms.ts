/** From a wanted number of false alarms per day to a threshold for each class, by what the model said of traffic without attack. */
import type { StoredModel } from '../models/model-file.ts';
import { scoreTail, thresholdFor } from '../models/score-tail.ts';

/**
 * Flows or windows without attack that may be called one kind of attack, of each kind and model, in traffic as dense as that of
 * the test part; where the configuration says nothing else. An alert needs several of one source in a minute.
 */
export const FALSE_ALARMS_PER_DAY = 24;

const TAIL = 'benign_tail:';

/** By class, what the file keeps of the scores that traffic without attack got; it ran for `days`. */
export function benignTails(
  scores: Readonly<Record<string, ArrayLike<number>>>,
  days: number,
): Record<string, Float64Array> {
  return Object.fromEntries(
    Object.entries(scores).map(([name, values]) => [TAIL + name, scoreTail(values, days)]),
  );
}

/** By class, the least score that alarms; classes without a tail have none. Throws RangeError for a damaged one. */
export function alarmThresholds(
  { references }: Pick<StoredModel, 'references'>,
  perDay: number,
): Record<string, number> {
  const thresholds: Record<string, number> = {};
  for (const [key, tail] of Object.entries(references)) {
    if (!key.startsWith(TAIL)) continue;
    const threshold = thresholdFor(tail, perDay);
    if (threshold !== null) thresholds[key.slice(TAIL.length)] = threshold;
  }
  return thresholds;
}
