/**
 * Where an alert and the one derived again are not the same, leaf by leaf: numbers to the bit. What people and
 * the store add (status, times of writing) is no part of what packets decide.
 */
import type { Alert } from '../../contract/alert.ts';

/** As they stand in the contract; what is missing in one of the two is null. */
export interface Difference {
  /** Such as `confidence` or `evidence.0.numbers.ports`. */
  readonly field: string;
  readonly stored: unknown;
  readonly derived: unknown;
}

const DERIVED_FIELDS = [
  'id',
  'alert_type',
  'severity',
  'source_ip',
  'destination_ip',
  'destination_port',
  'protocol',
  'confidence',
  'description',
  'first_seen',
  'last_seen',
  'detected_at',
  'packet_count',
  'byte_count',
  'flow_count',
  'window_size',
  'sensor_id',
  'mitre',
  'evidence',
  'explanation',
  'model',
  'decision',
  'packets',
] as const satisfies readonly (keyof Alert)[];

/** What the store writes in place of text that no database takes. */
const UNFIT = /[\0\ud800-\udfff]/gu;

export function alertDifferences(stored: Alert, derived: Alert): Difference[] {
  const differences: Difference[] = [];
  for (const field of DERIVED_FIELDS) compare(stored[field], derived[field], field, differences);
  return differences;
}

function compare(stored: unknown, derived: unknown, field: string, into: Difference[]): void {
  if (isObject(stored) && isObject(derived)) {
    for (const key of new Set([...Object.keys(stored), ...Object.keys(derived)]))
      compare(stored[key], derived[key], `${field}.${key}`, into);
  } else if (!isSame(stored, derived))
    into.push({ field, stored: stored ?? null, derived: derived ?? null });
}

/** JSON knows no -0: what was written as 0 is it. */
function isSame(stored: unknown, derived: unknown): boolean {
  if (typeof derived === 'string') return stored === derived || stored === cleaned(derived);
  return (stored ?? null) === (derived ?? null);
}

function cleaned(text: string): string {
  return text.replace(UNFIT, '\ufffd');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
