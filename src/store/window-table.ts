/** `aggregated_features` from closed windows. */
import { WINDOW_FEATURES } from '../contract/features.ts';
import type { WindowRow } from '../contract/window.ts';
import { type Column, copyTable } from './columns.ts';
import { float8, int4, text, time } from './record-columns.ts';

const columns: readonly Column<readonly WindowRow[]>[] = [
  int4('window_size', (window) => window.size),
  time('window_start', (window) => window.startMicros),
  time('window_end', (window) => window.startMicros + window.size * 1e6),
  text('scope', (window) => window.scope),
  text('entity', (window) => window.entity),
  text('sensor_id', (window) => window.sensorId),
  float8('completeness', (window) => window.completeness),
  ...WINDOW_FEATURES.map(({ name }, index) =>
    float8<WindowRow>(name, (window) => window.values[index] as number),
  ),
  text('predicted_label', (window) => window.verdict?.label ?? null),
  float8('confidence', (window) => window.verdict?.confidence ?? null),
  float8('threat_score', (window) => window.verdict?.threatScore ?? null),
];

export const WINDOW_TABLE = copyTable<readonly WindowRow[]>('aggregated_features', columns);
