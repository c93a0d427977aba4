/** What the times in a batch say of its sensor's clock. One broken timestamp says nothing: the packet in the middle does. */
import type { PacketBatch } from '../contract/packet-batch.ts';

/** A sensor's clock that is set back by more than this begins a new capture: else all it sees would come too late. */
const SET_BACK_MICROS = 600e6;

export function isSetBack({ tsMicros, length }: PacketBatch, clockMicros: number): boolean {
  const middle = length > 0 ? (tsMicros[length >> 1] ?? 0) : Number.POSITIVE_INFINITY;
  return middle < clockMicros - SET_BACK_MICROS;
}

/** The earliest time in a batch that has packets, as far as it can be believed. */
export function beginOf({ tsMicros, length }: PacketBatch): number {
  const middle = tsMicros[length >> 1] ?? 0;
  let earliest = middle;
  for (const micros of tsMicros.subarray(0, length))
    if (micros < earliest && micros > middle - SET_BACK_MICROS) earliest = micros;
  return earliest;
}

/** The least time of the batch, µs; where no packet has one, `otherwise`: a broken timestamp must not move the clock on. */
export function earliestOf({ tsMicros, length }: PacketBatch, otherwise: number): number {
  let earliest = Number.POSITIVE_INFINITY;
  for (let row = 0; row < length; row++) earliest = Math.min(earliest, tsMicros[row] ?? earliest);
  return Number.isFinite(earliest) ? earliest : otherwise;
}
