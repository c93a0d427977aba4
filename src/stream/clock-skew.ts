/**
 * How far a sensor's clock is from the server's, from the times at which batches are handed over.
 *
 * Of an exchange there and back the offset is known to half of the time on the way (RFC 5905): it lies in an
 * interval, the shorter the quicker the exchange. Of the last exchanges the quickest counts (a minimum filter,
 * as in NTP's clock filter), so neither a slow network nor a busy server passes for skew. A later exchange
 * whose interval has nothing in common with an older one shows that a clock was set: the older ones go.
 * Before the first answer only one direction is known, and the least of what it gives is taken.
 */
import type { ClockNote } from './clock-note.ts';

const MAX_EXCHANGES = 64;
const WINDOW_MS = 600_000;

interface Sample {
  readonly atMs: number;
  /** Sensor's clock minus server's. */
  readonly skewMs: number;
  /** Half of the time on the way; infinite: one direction only. */
  readonly errorMs: number;
}

export interface SkewEstimate {
  /** Above 0: the sensor's clock is ahead. */
  readonly skewMs: number;
  /** The truth is no farther from it; null: not known, only one direction was seen. */
  readonly errorMs: number | null;
}

export class ClockSkew {
  #samples: Sample[] = [];

  /** A batch came with this note when the server's clock showed `receivedMs`. */
  add({ sentMs, before }: ClockNote, receivedMs: number): void {
    const {
      sentMs: first = 0,
      receivedMs: there = 0,
      answeredMs = 0,
      returnedMs = 0,
    } = before ?? {};
    const wayMs = returnedMs - first - (answeredMs - there);
    const isWhole = before !== null && wayMs >= 0 && answeredMs >= there;
    const sample: Sample = isWhole
      ? {
          atMs: Math.min(answeredMs, receivedMs),
          skewMs: (first - there + returnedMs - answeredMs) / 2,
          errorMs: wayMs / 2,
        }
      : { atMs: receivedMs, skewMs: sentMs - receivedMs, errorMs: Number.POSITIVE_INFINITY };
    this.#samples = this.#samples
      .filter((older) => receivedMs - older.atMs <= WINDOW_MS && !contradicts(older, sample))
      .slice(1 - MAX_EXCHANGES);
    this.#samples.push(sample);
  }

  /** Null: nothing was added yet. */
  get estimate(): SkewEstimate | null {
    let best: Sample | null = null;
    for (const sample of this.#samples) if (best === null || isBetter(sample, best)) best = sample;
    if (best === null) return null;
    const { skewMs, errorMs } = best;
    return { skewMs, errorMs: Number.isFinite(errorMs) ? errorMs : null };
  }
}

function contradicts(older: Sample, newest: Sample): boolean {
  // The clocks are read in whole ms.
  return Math.abs(older.skewMs - newest.skewMs) > older.errorMs + newest.errorMs + 2;
}

/** The smaller error; of one direction only, the one that was the shortest on the way. */
function isBetter(sample: Sample, best: Sample): boolean {
  if (sample.errorMs !== best.errorMs) return sample.errorMs < best.errorMs;
  return Number.isFinite(sample.errorMs) ? false : sample.skewMs > best.skewMs;
}
