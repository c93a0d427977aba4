/**
 * Packets once more through decoder and analysis, and whether an alert comes out as it was stored.
 *
 * An alert grows, and what is stored is its state at the end of some batch. Where batches ended is not kept, so
 * packets are analysed one by one here and every state that the alert goes through is compared: the stored one
 * must be one of them. An analysis does not depend on how its packets were cut into batches.
 */
import { requireLinkType } from '../../capture/require-link-type.ts';
import type { CaptureLoss, Frame, Source } from '../../capture/source.ts';
import type { Alert } from '../../contract/alert.ts';
import { PacketBatch } from '../../contract/packet-batch.ts';
import type { Analysis } from '../../core/engine/analysis.ts';
import { PacketDecoder } from '../../core/wire/decoder.ts';
import { AppError } from '../../errors.ts';
import { alertDifferences, type Difference } from './alert-differences.ts';

interface Rederived {
  /** Of the state that comes closest; empty: it is the same. Null: no such alert came out. */
  readonly differences: readonly Difference[] | null;
  /** Packet time, µs since the epoch, at which it was there first; null: it never was. */
  readonly firstOutMicros: number | null;
}

export interface Rederivation {
  /** By what was asked for. */
  readonly alerts: ReadonlyMap<Alert, Rederived>;
  readonly packets: number;
  /** µs since the epoch; Infinity and -Infinity without packets. */
  readonly firstMicros: number;
  readonly lastMicros: number;
  /** Packets of which less was captured than there was on the wire. */
  readonly cutPackets: number;
  readonly damage: AppError | null;
}

/**
 * Ends where all that is wanted has come out, or, `isToEnd`, with the last packet.
 * @param sources in their order, each with a decoder of its own
 * @param analysis a new one, of the sensor that the alerts are of
 * @param isLossTold the analysis was told what the captures say of lost packets; it is not where it read them as files
 */
export async function rederive(
  sources: readonly Source[],
  analysis: Analysis,
  wanted: readonly Alert[],
  {
    isToEnd = false,
    isLossTold = false,
  }: { readonly isToEnd?: boolean; readonly isLossTold?: boolean } = {},
): Promise<Rederivation> {
  const stop = new AbortController();
  const states = new ClosestStates(wanted, () => {
    if (!isToEnd) stop.abort();
  });
  const batch = new PacketBatch(1);
  let firstMicros = Number.POSITIVE_INFINITY;
  let lastMicros = Number.NEGATIVE_INFINITY;
  let cutPackets = 0;
  let damage: AppError | null = null;
  for (const source of sources) {
    if (stop.signal.aborted) break;
    try {
      const decoder = new PacketDecoder();
      const onFrame = (frame: Frame) => {
        requireLinkType(frame, source);
        decoder.decode(frame, batch);
        analysis.push(batch);
        batch.clear();
        states.observe(analysis.take().alerts, frame.tsMicros);
        firstMicros = Math.min(firstMicros, frame.tsMicros);
        lastMicros = Math.max(lastMicros, frame.tsMicros);
        if (frame.wireLength > frame.end - frame.start) cutPackets++;
      };
      const onLoss = ({ packets, fromMicros: from, toMicros: to }: CaptureLoss) =>
        analysis.missAmong(packets, from, to);
      await source.run(onFrame, {
        signal: stop.signal,
        ...(isLossTold ? { onLoss } : {}),
      });
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'capture_damaged')) throw error;
      damage ??= error;
    }
  }
  if (!stop.signal.aborted) analysis.finish();
  states.observe(analysis.take().alerts, lastMicros);
  const { packets } = analysis.counts;
  return { alerts: states.found, packets, firstMicros, lastMicros, cutPackets, damage };
}

class ClosestStates {
  /** Several states of one alert may be asked for. */
  readonly #wanted = new Map<string, Alert[]>();
  readonly found = new Map<Alert, Rederived>();
  readonly #onAllEqual: () => void;
  #left: number;

  constructor(wanted: readonly Alert[], onAllEqual: () => void) {
    for (const alert of wanted) {
      this.#wanted.set(alert.id, [...(this.#wanted.get(alert.id) ?? []), alert]);
      this.found.set(alert, { differences: null, firstOutMicros: null });
    }
    this.#left = this.found.size;
    this.#onAllEqual = onAllEqual;
  }

  observe(alerts: readonly Alert[], atMicros: number): void {
    for (const alert of alerts)
      for (const stored of this.#wanted.get(alert.id) ?? []) this.#compare(stored, alert, atMicros);
  }

  #compare(stored: Alert, alert: Alert, atMicros: number): void {
    const known = this.found.get(stored);
    const before = known?.differences;
    if (before?.length === 0) return;
    const differences = alertDifferences(stored, alert);
    const firstOutMicros = known?.firstOutMicros ?? atMicros;
    if (!before || differences.length < before.length)
      this.found.set(stored, { differences, firstOutMicros });
    if (differences.length === 0 && --this.#left === 0) this.#onAllEqual();
  }
}
