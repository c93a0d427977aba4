/** A measured value with the unit that its name says: the catalogue's unit for window features, the name's suffix otherwise. */
import { WINDOW_FEATURES } from '../../../src/contract/features.ts';
import { formatBytes, formatCompact, formatNumber, formatShare } from './number.ts';
import { formatDuration } from './time.ts';

interface Known {
  readonly unit: string;
  readonly doc: string;
}

const catalogue = new Map<string, Known>(WINDOW_FEATURES.map((feature) => [feature.name, feature]));

/** Units by the end of a name; the first that fits. */
const SUFFIXES: readonly [suffix: string, unit: string][] = [
  ['_pps', '1/s'],
  ['_rps', '1/s'],
  ['_qps', '1/s'],
  ['_per_s', '1/s'],
  ['_per_sec', '1/s'],
  ['_per_min', '1/min'],
  ['_rate', '1/s'],
  ['_bps', 'bit/s'],
  ['_ms', 'ms'],
  ['_us', 'µs'],
  ['_s', 's'],
  ['seconds', 's'],
  ['_bytes', 'B'],
  ['bytes', 'B'],
  ['_entropy', 'bit'],
  ['entropy', 'bit'],
];

/** Unit of a measure: `1` where it is a plain number. */
export function unitOf(name: string): string {
  return (
    catalogue.get(name)?.unit ?? SUFFIXES.find(([suffix]) => name.endsWith(suffix))?.[1] ?? '1'
  );
}

/** What the catalogue says a feature is; null for a name it does not have. */
export function meaningOf(name: string): string | null {
  return catalogue.get(name)?.doc ?? null;
}

/** `1.2 kB`, `340 /s`, `3.1 ms`, `0.97`. */
export function formatQuantity(value: number, unit: string): string {
  switch (unit) {
    case '1':
      return formatNumber(value);
    case 'B':
      return formatBytes(value);
    case 'B/s':
      return `${formatBytes(value)}/s`;
    case '1/s':
      return `${formatNumber(value)} /s`;
    case '1/min':
      return `${formatNumber(value)} /min`;
    case 'bit/s':
      return `${formatCompact(value)}bit/s`;
    case 's':
      return formatDuration(value);
    case 'ms':
      return formatDuration(value / 1000);
    case 'µs':
      return formatDuration(value / 1e6);
    case '%':
      return formatShare(value / 100);
    default:
      return `${formatNumber(value)} ${unit}`;
  }
}

/** A value of a finding's `numbers` or `thresholds`. */
export function formatMeasure(name: string, value: number | string | boolean): string {
  if (typeof value === 'number') return formatQuantity(value, unitOf(name));
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
}
