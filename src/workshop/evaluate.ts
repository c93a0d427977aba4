/**
 * Alerts against labels. A labelled attack is found when an alert of its kind names its source and its
 * target within its time; an alert is right when there is such an attack. An alert of another kind that
 * names hosts of an attack under way is counted apart ("other kind"): wrong, but not out of the blue.
 * Everything else is a false alert, reported per hour of the stretches without any attack too.
 */
import type { Alert } from '../contract/alert.ts';
import { ALERT_KIND_NAMES, type AlertKind } from '../contract/alert-kinds.ts';
import type { LabelRow, Labels } from './labels.ts';

/** An alert may come this long after the end of what it reports: time-outs and steps. */
const GRACE_MICROS = 30e6;

/** Kinds that are as right as the one the label maps to. */
const ALSO_RIGHT: Partial<Record<AlertKind, readonly AlertKind[]>> = {
  Lateral_Movement: ['Host_Discovery', 'Port_Scan'],
};

interface KindScore {
  readonly kind: AlertKind;
  readonly labelled: number;
  readonly found: number;
  readonly alerts: number;
  readonly right: number;
  readonly otherKind: number;
  readonly false: number;
  /** Null where nothing is labelled, or nothing was raised. */
  readonly recall: number | null;
  readonly precision: number | null;
}

export interface Evaluation {
  readonly kinds: readonly KindScore[];
  readonly missed: readonly LabelRow[];
  readonly falseAlerts: readonly Alert[];
  readonly benignHours: number;
  readonly falseAlertsPerBenignHour: number;
}

export interface CaptureSpan {
  readonly firstMicros: number;
  readonly lastMicros: number;
}

/** `alerts`: all that the capture raised, in their final state. */
export function evaluate(alerts: readonly Alert[], labels: Labels, span: CaptureSpan): Evaluation {
  const found = new Set<LabelRow>();
  const judged = alerts.map((alert) => {
    const { verdict, right } = judgeAlert(alert, labels);
    for (const row of right) found.add(row);
    return { alert, verdict };
  });
  const falseAlerts = judged.filter(({ verdict }) => verdict === 'false').map(({ alert }) => alert);
  const benignHours = benignSeconds(labels, span) / 3600;
  const inBenign = falseAlerts.filter(
    ({ first_seen }) => !isDuringAttack(labels, first_seen * 1e6),
  );
  const kinds = ALERT_KIND_NAMES.map((kind) => {
    const rows = labels.rows.filter((row) => row.kind === kind);
    const raised = judged.filter(({ alert }) => alert.alert_type === kind);
    const count = (wanted: string) => raised.filter(({ verdict }) => verdict === wanted).length;
    const hits = rows.filter((row) => found.has(row)).length;
    return {
      kind,
      labelled: rows.length,
      found: hits,
      alerts: raised.length,
      right: count('right'),
      otherKind: count('other kind'),
      false: count('false'),
      recall: rows.length === 0 ? null : hits / rows.length,
      precision: raised.length === 0 ? null : count('right') / raised.length,
    };
  }).filter(({ labelled, alerts: raised }) => labelled + raised > 0);
  return {
    kinds,
    missed: labels.rows.filter((row) => !found.has(row)),
    falseAlerts,
    benignHours,
    falseAlertsPerBenignHour: benignHours === 0 ? 0 : inBenign.length / benignHours,
  };
}

export interface AlertVerdict {
  readonly verdict: 'right' | 'other kind' | 'false';
  /** Rows that the alert tells of as they are labelled. */
  readonly right: readonly LabelRow[];
  /** Rows whose hosts and time it names under another kind. */
  readonly otherKind: readonly LabelRow[];
}

export function judgeAlert(alert: Alert, labels: Labels): AlertVerdict {
  const right: LabelRow[] = [];
  const otherKind: LabelRow[] = [];
  for (const row of labels.rows) {
    if (!overlaps(alert, row) || !concerns(alert, row, labels)) continue;
    const isRight =
      row.kind === alert.alert_type || ALSO_RIGHT[row.kind]?.includes(alert.alert_type);
    (isRight ? right : otherKind).push(row);
  }
  const verdict = right.length > 0 ? 'right' : otherKind.length > 0 ? 'other kind' : 'false';
  return { verdict, right, otherKind };
}

function overlaps(alert: Alert, row: LabelRow): boolean {
  return (
    alert.first_seen * 1e6 <= row.endMicros + GRACE_MICROS &&
    alert.last_seen * 1e6 >= row.startMicros
  );
}

/** Source and target as labelled; what the alert leaves open (many sources, many targets) fits. */
function concerns(alert: Alert, row: LabelRow, labels: Labels): boolean {
  const { source_ip: source, destination_ip: target } = alert;
  const isSource =
    source === null
      ? row.srcIp === 'SPOOFED' || target !== null
      : labels.matches(row.srcIp, source);
  return isSource && (target === null || labels.matches(row.dstIp, target));
}

export function isDuringAttack(labels: Labels, micros: number): boolean {
  return labels.rows.some(
    (row) => micros >= row.startMicros && micros <= row.endMicros + GRACE_MICROS,
  );
}

export function benignSeconds(labels: Labels, { firstMicros, lastMicros }: CaptureSpan): number {
  const attacks = labels.rows
    .map((row) => ({
      begin: Math.max(row.startMicros, firstMicros),
      end: Math.min(row.endMicros + GRACE_MICROS, lastMicros),
    }))
    .sort((a, b) => a.begin - b.begin);
  let benign = 0;
  let at = firstMicros;
  for (const { begin, end } of attacks) {
    benign += Math.max(0, begin - at);
    at = Math.max(at, end);
  }
  return (benign + Math.max(0, lastMicros - at)) / 1e6;
}
