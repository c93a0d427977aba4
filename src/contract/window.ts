/** One closed window of one entity, as the analysis emits it and `aggregated_features` keeps it. */
import type { FeatureName } from './features.ts';

export const WINDOW_SIZES = [5, 30, 180] as const;
export type WindowSize = (typeof WINDOW_SIZES)[number];

export type WindowScope = 'network' | 'source' | 'target';

export interface WindowRow {
  /** Seconds. */
  readonly size: WindowSize;
  /** A multiple of `size` seconds. The end is `startMicros + size * 1e6`, exclusive. */
  readonly startMicros: number;
  readonly scope: WindowScope;
  /** The address in RFC 5952 text; for ARP-only entities the sender's MAC; `*` for the network. */
  readonly entity: string;
  readonly sensorId: string;
  /** 0 to 1. */
  readonly completeness: number;
  /** In the order of `WINDOW_FEATURES`. */
  readonly values: Float64Array;
  verdict: WindowVerdict | null;
}

/** What the models say of one window. */
export interface WindowVerdict {
  /** An alert_type, or `Benign`. */
  readonly label: string;
  /** Calibrated probability of `label`. */
  readonly confidence: number;
  /** Probability that the window is not benign. */
  readonly threatScore: number;
}

/** A window as JSON: the keys of `aggregated_features`. */
export type WindowRecord = {
  window_size: WindowSize;
  window_start: number;
  window_end: number;
  scope: WindowScope;
  entity: string;
  sensor_id: string;
  completeness: number;
  predicted_label: string | null;
  confidence: number | null;
  threat_score: number | null;
} & { [Name in FeatureName]: number };
