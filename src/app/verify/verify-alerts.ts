/**
 * Derives alerts again from their packets and says of each whether it comes out the same. What that proves, and
 * what it does not, is in docs/decisions/0007-what-verify-proves.md.
 */
import type { Alert } from '../../contract/alert.ts';
import { Analysis, type AnalysisOptions } from '../../core/engine/analysis.ts';
import type { Judge } from '../../core/engine/judge.ts';
import { AppError } from '../../errors.ts';
import type { Difference } from '../../workshop/verify/alert-differences.ts';
import { rederive } from '../../workshop/verify/rederive.ts';
import type { PacketOrigin } from './packet-origin.ts';

export interface Verification {
  readonly alert: Alert;
  readonly result: 'equal' | 'differs' | 'cannot';
  /** Why it cannot be said; what is to be known beside that. */
  readonly reasons: readonly string[];
  /** Where the closest that came out is not what is stored; null: no such alert came out. */
  readonly differences: readonly Difference[] | null;
  /** What it was derived from. */
  readonly origin: string | null;
  readonly packets: number;
}

export interface VerifyOptions {
  /** @throws AppError `not_found` saying why there are none */
  origins(alert: Alert): Promise<readonly PacketOrigin[]>;
  /** Those that may have judged, the likeliest first. @throws AppError `not_found` where the one that did is not here */
  judges(alert: Alert): readonly (Judge | null)[];
  readonly analysis: Omit<AnalysisOptions, 'sensorId' | 'judge'>;
  /** The origins are those of all alerts: alerts of one sensor and model are derived in one go. */
  readonly isOneOrigin: boolean;
  /** False: policy and never-block list are those of now, and were perhaps others then. */
  readonly isPolicyKnown: boolean;
}

/** In the order of `alerts`. */
export async function verifyAlerts(
  alerts: readonly Alert[],
  options: VerifyOptions,
): Promise<Verification[]> {
  const results = new Map<Alert, Verification>();
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const { id, sensor_id: sensorId, model } = alert;
    const key = options.isOneOrigin ? `${sensorId} ${model?.hash ?? ''}` : id;
    if (alert.alert_type.startsWith('Honeypot'))
      results.set(alert, cannot(alert, 'it is made of what a lure saw, not of packets'));
    else groups.set(key, [...(groups.get(key) ?? []), alert]);
  }
  for (const group of groups.values())
    for (const verification of await verifyGroup(group, options))
      results.set(verification.alert, verification);
  return alerts.flatMap((alert) => results.get(alert) ?? []);
}

async function verifyGroup(
  group: readonly Alert[],
  options: VerifyOptions,
): Promise<Verification[]> {
  const [any] = group;
  if (any === undefined) return [];
  let judges: readonly (Judge | null)[];
  let origins: readonly PacketOrigin[];
  try {
    judges = options.judges(any);
    origins = await options.origins(any);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return group.map((alert) => cannot(alert, error.message));
  }
  let best = new Map<Alert, Verification>();
  for (const origin of origins)
    for (const judge of judges) {
      const left = group.filter((alert) => best.get(alert)?.result !== 'equal');
      if (left.length === 0) break;
      best = closer(best, await attempt(left, origin, judge, options));
    }
  return [...best.values()];
}

async function attempt(
  alerts: readonly Alert[],
  origin: PacketOrigin,
  judge: Judge | null,
  { analysis, isPolicyKnown }: VerifyOptions,
): Promise<Verification[]> {
  const sensorId = alerts[0]?.sensor_id ?? '';
  const again = new Analysis({ ...analysis, sensorId, judge });
  const result = await rederive(await origin.open(), again, alerts, {
    isLossTold: origin.isLossTold,
  });
  return alerts.map((alert): Verification => {
    const differences = result.alerts.get(alert)?.differences ?? null;
    const about = { alert, differences, origin: origin.name, packets: result.packets };
    const damage = result.damage ? [result.damage.message] : [];
    if (differences?.length === 0) return { ...about, result: 'equal', reasons: damage };
    const doubts = [...origin.doubts(alert, result), ...lossDoubts(alert, differences)];
    if (!isPolicyKnown && differences?.every(({ field }) => field === 'decision'))
      doubts.push(
        'all but the decision comes out the same: policy or never-block list were perhaps others then',
      );
    return {
      ...about,
      result: doubts.length > 0 ? 'cannot' : 'differs',
      reasons: [...doubts, ...damage],
    };
  });
}

/** What the sensor's spool gave up is kept here and never came to the analysis: which packets those are, nobody wrote down. */
function lossDoubts(alert: Alert, differences: Verification['differences']): string[] {
  const seen = alert.evidence.flatMap(({ numbers }) => numbers.completeness ?? []);
  // A finding may be missing as a whole.
  const isAbout = ({ field, stored }: Difference) =>
    `${field} ${JSON.stringify(stored)}`.includes('completeness');
  const isOther = differences?.some(isAbout) ?? true;
  if (seen.length === 0 || !isOther) return [];
  const percent = Math.floor(100 * Math.min(...seen.map(Number)));
  return [
    `the analysis had seen ${percent} % of the packets of its time, and which it had not is not kept`,
  ];
}

/** A history that is in doubt leaves it open whatever the others say. */
function closer(
  before: ReadonlyMap<Alert, Verification>,
  found: readonly Verification[],
): Map<Alert, Verification> {
  const best = new Map(before);
  for (const now of found) {
    const known = best.get(now.alert);
    const closest = known && distance(known) <= distance(now) ? known : now;
    const open = [known, now].find((each) => each?.result === 'cannot');
    const isOpen = closest.result !== 'equal' && open !== undefined;
    best.set(now.alert, isOpen ? { ...closest, result: 'cannot', reasons: open.reasons } : closest);
  }
  return best;
}

function distance({ differences }: Verification): number {
  return differences?.length ?? Number.POSITIVE_INFINITY;
}

function cannot(alert: Alert, reason: string): Verification {
  const nothing = { differences: null, origin: null, packets: 0 };
  return { alert, result: 'cannot', reasons: [reason], ...nothing };
}
