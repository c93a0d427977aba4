/**
 * The highest scores that a model gave to traffic without attack, and how long that traffic ran: from them comes the
 * threshold for a wanted number of false alarms per day, also where that is rarer than anything seen. Where ten or more
 * were seen the threshold is one of them. Beyond, the odds are taken to have a Pareto tail, its index Hill's (1975) of
 * the 30 highest: one parameter, and no end that little traffic could be mistaken to show (a generalised Pareto tail by
 * weighted moments, tried first, ended right above the highest score of nine minutes).
 */

/** Scores kept. */
const KEPT = 400;
/** A quantile that fewer scores are above scatters too much. */
const MIN_ABOVE = 10;
/** The tail that is gone on with. */
const MAX_TAIL = 30;
/** Added to either side of the odds: a score of 0 is no infinity, and what differs by less is alike. */
const ODDS_FLOOR = 1e-3;

/** What a model file keeps: days, rows, and the highest scores, the highest first. */
export function scoreTail(scores: ArrayLike<number>, days: number): Float64Array {
  const sorted = Float64Array.from(scores).sort().reverse();
  return Float64Array.of(days, sorted.length, ...sorted.subarray(0, KEPT));
}

/**
 * The least threshold from which on at most `perDay` scores of a day without attack reach it, as far as the tail tells;
 * at most 1. Null: the tail is of no traffic. Throws RangeError where it is none.
 */
export function thresholdFor(tail: Float64Array, perDay: number): number | null {
  const [days = Number.NaN, rows = Number.NaN] = tail;
  const scores = tail.subarray(2);
  const isTail = days >= 0 && rows >= scores.length && scores.every((score) => score >= 0);
  if (!isTail || !(perDay > 0)) throw new RangeError('This is no tail of scores, or no rate');
  if (days === 0 || scores.length === 0) return null;
  const allowed = perDay * days;
  if (allowed >= rows) return 0;
  const last = scores.length - 1;
  // Of rates higher than what is kept tells, the lowest kept: fewer alarms than allowed.
  if (allowed >= MIN_ABOVE && last >= MIN_ABOVE)
    return nextUp(scores[Math.min(last, Math.floor(allowed))]!);
  const highest = nextUp(scores[0]!);
  const above = Math.min(MAX_TAIL, last);
  if (above < MIN_ABOVE) return highest;
  const far = beyond(scores.subarray(0, above + 1), above / allowed);
  // Seen is seen: where less than one is allowed, none of those may be.
  return Math.min(1, Math.max(far, allowed < 1 ? highest : nextUp(scores[MIN_ABOVE]!)));
}

/** The score that one in `ratio` of those above the last is above. `scores` are the highest first. */
function beyond(scores: Float64Array, ratio: number): number {
  const count = scores.length - 1;
  const begin = logOdds(scores[count]!);
  let mean = 0;
  for (let at = 0; at < count; at++) mean += (logOdds(scores[at]!) - begin) / count;
  return scoreOf(begin + mean * Math.log(ratio));
}

function logOdds(score: number): number {
  return Math.log((score + ODDS_FLOOR) / (1 - score + ODDS_FLOOR));
}

function scoreOf(odds: number): number {
  const ratio = Math.exp(odds);
  return (ratio * (1 + ODDS_FLOOR) - ODDS_FLOOR) / (1 + ratio);
}

/** The least number above it that a score, a sum of 32-bit floats, can be told from it. */
function nextUp(score: number): number {
  return score + Math.max(1e-9, score * 1e-9);
}
