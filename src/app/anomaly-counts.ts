/** Malformed traffic as numbers: how many packets of each stored batch were named an anomaly, by name. */
import type { PacketBatch } from '../contract/packet-batch.ts';
import { ANOMALY_NAMES } from '../core/wire/anomalies.ts';

const KNOWN: ReadonlySet<string> = new Set(ANOMALY_NAMES);
/** Packets that come as JSON bring names of their own: all of these together, so that names stay few. */
const OTHER = 'other';

/** Packets by name; what has none is not counted. */
export function countAnomalies({ anomaly, length }: PacketBatch): Map<string, number> {
  const counts = new Map<string, number>();
  if (anomaly.values.length === 0) return counts;
  for (let row = 0; row < length; row++) {
    const text = anomaly.get(row);
    if (text === null) continue;
    const name = KNOWN.has(text) ? text : OTHER;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
