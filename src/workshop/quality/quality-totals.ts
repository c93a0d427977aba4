/** From captures to the figures that goals are stated in. */
import { ALERT_KIND_NAMES, type AlertKind } from '../../contract/alert-kinds.ts';
import type { AttackResult, CaptureQuality, JudgedAlert } from './measure-capture.ts';

export interface KindTotals {
  readonly kind: AlertKind;
  readonly attacks: number;
  readonly found: number;
  readonly alerts: number;
  readonly right: number;
  readonly otherKind: number;
  readonly false: number;
  /** Null where nothing is labelled, or nothing was raised. */
  readonly recall: number | null;
  readonly precision: number | null;
  /** Of those found, the median and the worst; null: none. */
  readonly medianSeconds: number | null;
  readonly worstSeconds: number | null;
}

export interface Totals {
  readonly kinds: readonly KindTotals[];
  readonly attacks: number;
  readonly found: number;
  readonly recall: number;
  /** Alerts that name hosts of attacks, over attacks found. */
  readonly alertsPerAttack: number;
  readonly benignHours: number;
  readonly falseInBenign: number;
  readonly falseAlerts: number;
  readonly alerts: number;
  readonly verified: number;
  /** Mean distance of stated confidence to the share of right alerts, over tenths of confidence. */
  readonly calibrationError: number;
  /** What that distance would be on average, of so many alerts, if each were right with exactly its bin's confidence. */
  readonly chanceError: number;
  readonly calibration: readonly {
    readonly from: number;
    readonly alerts: number;
    readonly confidence: number;
    readonly right: number;
  }[];
}

const BINS = 10;

export function totalsOf(captures: readonly CaptureQuality[]): Totals {
  const attacks = captures.flatMap((capture) => capture.attacks);
  const alerts = captures.flatMap((capture) => capture.alerts);
  const found = attacks.filter((attack) => attack.found);
  const named = alerts.filter(({ verdict }) => verdict !== 'false');
  const sum = (of: (capture: CaptureQuality) => number) =>
    captures.reduce((total, capture) => total + of(capture), 0);
  return {
    kinds: ALERT_KIND_NAMES.map((kind) => kindTotals(kind, attacks, alerts)).filter(
      (totals) => totals.attacks + totals.alerts > 0,
    ),
    attacks: attacks.length,
    found: found.length,
    recall: found.length / Math.max(1, attacks.length),
    alertsPerAttack: named.length / Math.max(1, found.length),
    benignHours: sum((capture) => capture.benign_hours),
    falseInBenign: sum((capture) => capture.false_in_benign),
    falseAlerts: alerts.length - named.length,
    alerts: alerts.length,
    verified: sum((capture) => capture.verified),
    ...calibrationOf(alerts),
  };
}

function kindTotals(
  kind: AlertKind,
  attacks: readonly AttackResult[],
  alerts: readonly JudgedAlert[],
): KindTotals {
  const labelled = attacks.filter((attack) => attack.kind === kind);
  const raised = alerts.filter((alert) => alert.kind === kind);
  const count = (wanted: string) => raised.filter(({ verdict }) => verdict === wanted).length;
  const seconds = labelled
    .flatMap(({ seconds_to_detect }) => seconds_to_detect ?? [])
    .sort((a, b) => a - b);
  const found = labelled.filter((attack) => attack.found).length;
  return {
    kind,
    attacks: labelled.length,
    found,
    alerts: raised.length,
    right: count('right'),
    otherKind: count('other kind'),
    false: count('false'),
    recall: labelled.length === 0 ? null : found / labelled.length,
    precision: raised.length === 0 ? null : count('right') / raised.length,
    medianSeconds: seconds[seconds.length >> 1] ?? null,
    worstSeconds: seconds.at(-1) ?? null,
  };
}

function calibrationOf(alerts: readonly JudgedAlert[]) {
  const calibration = Array.from({ length: BINS }, (_, bin) => {
    const inBin = alerts.filter(
      ({ confidence }) => Math.min(BINS - 1, Math.floor(confidence * BINS)) === bin,
    );
    const mean = (of: (alert: JudgedAlert) => number) =>
      inBin.reduce((total, alert) => total + of(alert), 0) / Math.max(1, inBin.length);
    return {
      from: bin / BINS,
      alerts: inBin.length,
      confidence: mean(({ confidence }) => confidence),
      right: mean(({ verdict }) => (verdict === 'right' ? 1 : 0)),
    };
  }).filter((bin) => bin.alerts > 0);
  const distance = calibration.reduce(
    (total, bin) => total + bin.alerts * Math.abs(bin.confidence - bin.right),
    0,
  );
  const chance = calibration.reduce(
    (total, bin) => total + bin.alerts * meanDeviation(bin.alerts, bin.confidence),
    0,
  );
  const count = Math.max(1, alerts.length);
  return { calibration, calibrationError: distance / count, chanceError: chance / count };
}

/** Mean distance from `share` of the share of `count` that come true, each with that probability: by the binomial distribution. */
function meanDeviation(count: number, share: number): number {
  if (share >= 1) return 0;
  let probability = (1 - share) ** count;
  let mean = probability * share;
  for (let hits = 1; hits <= count; hits++) {
    probability *= ((count - hits + 1) / hits) * (share / (1 - share));
    mean += probability * Math.abs(hits / count - share);
  }
  return mean;
}
