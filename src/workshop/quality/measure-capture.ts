/**
 * What alerts on one capture are worth: which attacks they found and how soon, what they accused wrongly, and
 * whether each can be derived again. The capture is analysed twice: by batches as `analyze` does it, then packet by
 * packet as `verify` does it, which also tells the packet at which each alert was there.
 */
import { openCapture } from '../../capture/open-capture.ts';
import type { Alert } from '../../contract/alert.ts';
import type { AlertKind } from '../../contract/alert-kinds.ts';
import { Analysis } from '../../core/engine/analysis.ts';
import type { Judge } from '../../core/engine/judge.ts';
import { benignSeconds, isDuringAttack, judgeAlert } from '../evaluate.ts';
import type { LabelRow, Labels } from '../labels.ts';
import { readCapture } from '../read-capture.ts';
import { rederive } from '../verify/rederive.ts';
import type { QualityEntry } from './quality-plan.ts';

export interface AttackResult {
  /** Of the labels, else its place among them. */
  readonly id: string;
  readonly kind: AlertKind;
  readonly label: string;
  readonly tool: string;
  /** By an alert of its kind that names its source and target within its time. */
  readonly found: boolean;
  /** Packet time from its first packet to the alert; null: not found, or an alert of an earlier attack went on. */
  readonly seconds_to_detect: number | null;
  /** Alerts on its hosts in its time, of whatever kind. */
  readonly alerts: number;
}

export interface JudgedAlert {
  readonly kind: AlertKind;
  readonly verdict: 'right' | 'other kind' | 'false';
  readonly confidence: number;
  readonly description: string;
}

export interface CaptureQuality {
  readonly name: string;
  readonly trained: boolean;
  readonly captures: number;
  readonly packets: number;
  /** Time in which no attack was under way. */
  readonly benign_hours: number;
  /** Of the false alerts, those in that time. */
  readonly false_in_benign: number;
  readonly attacks: readonly AttackResult[];
  readonly alerts: readonly JudgedAlert[];
  /** Alerts that came out again to the bit. */
  readonly verified: number;
}

interface Raised {
  readonly alert: Alert;
  readonly outMicros: number;
  readonly isVerified: boolean;
}

/** @throws AppError for what is no capture; of a damaged one what could be read is measured */
export async function measureEntry(
  { name, paths, labels, isTrained }: QualityEntry,
  judge: Judge | null,
): Promise<CaptureQuality> {
  const attacks: AttackResult[] = [];
  const alerts: JudgedAlert[] = [];
  const sum = { packets: 0, benign_hours: 0, false_in_benign: 0, verified: 0 };
  for (const path of paths) {
    const seen = await analyseTwice(path, labels, judge);
    const judged = seen.raised.map((each) => ({ ...each, ...judgeAlert(each.alert, labels) }));
    attacks.push(...attackResults(labels, judged, seen.begins, seen.firstMicros));
    for (const { alert, verdict, isVerified } of judged) {
      const { alert_type: kind, confidence, description } = alert;
      alerts.push({ kind, verdict, confidence, description });
      if (isVerified) sum.verified++;
      if (verdict === 'false' && !isDuringAttack(labels, alert.first_seen * 1e6))
        sum.false_in_benign++;
    }
    sum.packets += seen.packets;
    sum.benign_hours += benignSeconds(labels, seen) / 3600;
  }
  return { name, trained: isTrained, captures: paths.length, ...sum, attacks, alerts };
}

async function analyseTwice(path: string, labels: Labels, judge: Judge | null) {
  const alerts = new Map<string, Alert>();
  const begins = new Map<LabelRow, number>();
  const analysis = () => new Analysis({ sensorId: 'local', judge });
  await readCapture(path, analysis(), (output) => {
    for (const alert of output.alerts) alerts.set(alert.id, alert);
    for (const { firstSeenMicros: firstMicros, srcIp, dstIp, protocol, dstPort } of output.flows) {
      const proto = protocol.toLowerCase();
      const row = labels.of({ firstMicros, srcIp, dstIp, proto, dstPort });
      if (row) begins.set(row, Math.min(begins.get(row) ?? firstMicros, firstMicros));
    }
  });
  // What is written down is JSON.
  const stored = JSON.parse(JSON.stringify([...alerts.values()])) as Alert[];
  const again = await rederive([await openCapture(path)], analysis(), stored, { isToEnd: true });
  const raised = stored.map((alert): Raised => {
    const one = again.alerts.get(alert);
    const outMicros = one?.firstOutMicros ?? Number.POSITIVE_INFINITY;
    return { alert, outMicros, isVerified: one?.differences?.length === 0 };
  });
  const { packets, firstMicros, lastMicros } = again;
  return { raised, begins, packets, firstMicros, lastMicros };
}

type Judged = Raised & ReturnType<typeof judgeAlert>;

function attackResults(
  labels: Labels,
  judged: readonly Judged[],
  begins: ReadonlyMap<LabelRow, number>,
  firstMicros: number,
): AttackResult[] {
  const attacks = new Map<string, LabelRow[]>();
  for (const [at, row] of labels.rows.entries()) {
    const id = row.attackId ?? `row ${at + 1}`;
    attacks.set(id, [...(attacks.get(id) ?? []), row]);
  }
  return [...attacks].flatMap(([id, rows]) => {
    const [first] = rows;
    if (first === undefined) return [];
    const isOf = (found: readonly LabelRow[]) => found.some((row) => rows.includes(row));
    const own = judged.filter(({ right }) => isOf(right));
    const about = judged.filter(({ right, otherKind }) => isOf(right) || isOf(otherKind));
    const begin = Math.min(
      ...rows.map((row) => begins.get(row) ?? Math.max(row.startMicros, firstMicros)),
    );
    const out = Math.min(...own.map(({ outMicros }) => outMicros));
    const isNew = Number.isFinite(out) && out >= begin;
    return {
      ...{ id, kind: first.kind, label: first.label, tool: first.tool, found: own.length > 0 },
      seconds_to_detect: isNew ? (out - begin) / 1e6 : null,
      alerts: about.length,
    };
  });
}
