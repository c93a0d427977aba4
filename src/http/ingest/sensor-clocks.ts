/** The clocks of the sensors beside ours, and a word once when one is off. Packet times are never changed for it. */
import type { Gauge } from 'prom-client';
import type { ClockNote } from '../../stream/clock-note.ts';
import { ClockSkew, type SkewEstimate } from '../../stream/clock-skew.ts';

/** Sensors are keys that an administrator made; the cap is for the case that there are very many. */
const MAX_SENSORS = 1000;
/** Beyond this, times of different sensors cannot be laid beside each other any more. */
const LIMIT_MS = 1000;

export interface SensorClocksOptions {
  /** Seconds, by sensor. */
  readonly gauge: Gauge<'sensor'>;
  /** Called when a clock is found to be off, once until it is right again. */
  readonly onSkew: (sensorId: string, estimate: SkewEstimate) => void;
}

export class SensorClocks {
  readonly #options: SensorClocksOptions;
  /** Longest quiet first. */
  readonly #clocks = new Map<string, { skew: ClockSkew; isOff: boolean }>();

  constructor(options: SensorClocksOptions) {
    this.#options = options;
  }

  /** A sensor's batch came with this note when our clock showed `receivedMs`. */
  note(sensorId: string, note: ClockNote, receivedMs: number): void {
    const { gauge, onSkew } = this.#options;
    const clock = this.#clocks.get(sensorId) ?? { skew: new ClockSkew(), isOff: false };
    this.#clocks.delete(sensorId);
    this.#clocks.set(sensorId, clock);
    this.#forgetQuietest();
    clock.skew.add(note, receivedMs);
    const { estimate } = clock.skew;
    if (estimate === null) return;
    gauge.set({ sensor: sensorId }, estimate.skewMs / 1000);
    // One direction alone shows what the way took as skew.
    const sureMs = Math.abs(estimate.skewMs) - (estimate.errorMs ?? Number.POSITIVE_INFINITY);
    if (sureMs > LIMIT_MS && !clock.isOff) {
      clock.isOff = true;
      onSkew(sensorId, estimate);
    } else if (Math.abs(estimate.skewMs) < LIMIT_MS / 2) clock.isOff = false;
  }

  /** Null: the sensor has told nothing of its clock since this server began. */
  skewOf(sensorId: string): SkewEstimate | null {
    return this.#clocks.get(sensorId)?.skew.estimate ?? null;
  }

  #forgetQuietest(): void {
    if (this.#clocks.size <= MAX_SENSORS) return;
    const [quietest] = this.#clocks.keys();
    if (quietest === undefined) return;
    this.#clocks.delete(quietest);
    this.#options.gauge.remove({ sensor: quietest });
  }
}
