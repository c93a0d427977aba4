/** `phantomnet evaluate`: alerts of a capture against its labels, precision and recall per kind, false alerts per hour. */
import { loadJudge } from '../app/model.ts';
import type { DetectionLimits } from '../core/detection/detection-limits.ts';
import { Analysis } from '../core/engine/analysis.ts';
import { type Evaluation, evaluate as score } from '../workshop/evaluate.ts';
import { ALL_BENIGN, readLabels } from '../workshop/labels.ts';
import { summarize } from './analyze.ts';
import { printable } from './printable.ts';
import { createProgressBar } from './progress-bar.ts';

/** Packets from one showing of how far it is to the next. */
const SHOWN_EVERY = 20_000;

export interface EvaluateOptions {
  readonly json: boolean;
  /** Null: the captures are benign throughout. */
  readonly labels: string | null;
  readonly model: string | null;
  readonly falseAlarmsPerDay: number;
  readonly limits: DetectionLimits;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

export async function evaluate(files: readonly string[], options: EvaluateOptions): Promise<void> {
  const labels = options.labels === null ? ALL_BENIGN : readLabels(options.labels);
  const { judge, reason } = loadJudge(options.model, options.falseAlarmsPerDay);
  if (reason) options.err.write(`phantomnet: detectors only: ${reason}\n`);
  const progress = createProgressBar(options.err);
  for (const [at, file] of files.entries()) {
    const analysis = new Analysis({ sensorId: 'local', judge, limits: options.limits });
    let shown = 0;
    progress.step(at, files.length, file);
    const summary = await summarize(file, analysis, () => {
      const { packets } = analysis.counts;
      if (packets < shown + SHOWN_EVERY) return;
      shown = packets;
      progress.step(at, files.length, `${file}: ${packets} packets`);
    }).finally(() => progress.end());
    const evaluation = score(summary.alerts, labels, summary);
    options.out.write(
      options.json
        ? `${JSON.stringify(toJson(file, evaluation))}\n`
        : `${file}\n${readable(evaluation)}\n`,
    );
    if (summary.damage) throw summary.damage;
  }
}

function toJson(
  file: string,
  { kinds, missed, falseAlerts, benignHours, falseAlertsPerBenignHour }: Evaluation,
) {
  return {
    file,
    kinds,
    missed: missed.map(({ label, tool, srcIp, dstIp }) => ({
      label,
      tool,
      src_ip: srcIp,
      dst_ip: dstIp,
    })),
    false_alerts: falseAlerts.length,
    benign_hours: benignHours,
    false_alerts_per_benign_hour: falseAlertsPerBenignHour,
  };
}

function readable(evaluation: Evaluation): string {
  const lines = ['  kind             labelled found recall   alerts right other false precision'];
  for (const row of evaluation.kinds) {
    const cells = [row.alerts, row.right, row.otherKind, row.false].map((count) =>
      String(count).padStart(5),
    );
    lines.push(
      `  ${row.kind.padEnd(18)} ${String(row.labelled).padStart(6)} ${String(row.found).padStart(5)}  ${percent(row.recall)} ${cells.join(' ')}     ${percent(row.precision)}`,
    );
  }
  for (const { label, tool, srcIp, dstIp } of evaluation.missed)
    lines.push(`  missed: ${label} (${tool}) ${srcIp} -> ${dstIp}`);
  for (const alert of evaluation.falseAlerts)
    lines.push(`  false: ${alert.alert_type}: ${alert.description}`);
  lines.push(
    `  false alerts per hour without attack: ${evaluation.falseAlertsPerBenignHour.toFixed(1)} (over ${(evaluation.benignHours * 60).toFixed(1)} min)`,
  );
  return lines.map(printable).join('\n');
}

function percent(share: number | null): string {
  return share === null ? '     -' : `${(100 * share).toFixed(0).padStart(4)} %`;
}
