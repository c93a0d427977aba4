/** A window as JSON: the keys of `aggregated_features`. The one place where a `WindowRow` becomes such an object. */
import { type FeatureName, WINDOW_FEATURES } from './features.ts';
import type { WindowRecord, WindowRow } from './window.ts';

/** Times are s since the epoch. */
export function toWindowJson(row: WindowRow): WindowRecord {
  const start = row.startMicros / 1e6;
  const features = Object.fromEntries(
    WINDOW_FEATURES.map(({ name }, index) => [name, row.values[index] ?? 0]),
  ) as { [Name in FeatureName]: number };
  return {
    window_size: row.size,
    window_start: start,
    window_end: start + row.size,
    scope: row.scope,
    entity: row.entity,
    sensor_id: row.sensorId,
    completeness: row.completeness,
    predicted_label: row.verdict?.label ?? null,
    confidence: row.verdict?.confidence ?? null,
    threat_score: row.verdict?.threatScore ?? null,
    ...features,
  };
}
