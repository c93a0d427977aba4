/** `phantomnet analyze`: the whole pipeline on capture files, without database or server. */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadJudge } from '../app/model.ts';
import { SHIPPED_MODEL } from '../app/package-paths.ts';
import type { Alert } from '../contract/alert.ts';
import type { AnalysisOutput } from '../contract/analysis.ts';
import type { DetectionLimits } from '../core/detection/detection-limits.ts';
import { Analysis } from '../core/engine/analysis.ts';
import type { Judge } from '../core/engine/judge.ts';
import { AppError, fileTrouble } from '../errors.ts';
import { readCaptureSharded } from '../sharded/read-capture-sharded.ts';
import { ShardedAnalysis } from '../sharded/sharded-analysis.ts';
import { readCapture } from '../workshop/read-capture.ts';
import { alertReport } from './alert-report.ts';
import { printable } from './printable.ts';

export interface AnalyzeOptions {
  readonly json: boolean;
  /** Where to write the HTML report, if anywhere. */
  readonly report: string | null;
  readonly model: string | null;
  readonly falseAlarmsPerDay: number;
  readonly limits: DetectionLimits;
  /** Threads that share the packets; 1: this one does everything. */
  readonly workers: number;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

export interface CaptureSummary {
  readonly file: string;
  readonly packets: number;
  readonly flows: number;
  readonly windows: number;
  readonly firstMicros: number;
  readonly lastMicros: number;
  readonly evictions: Readonly<Record<string, number>>;
  /** In order of detection, as they stood at the end. */
  readonly alerts: readonly Alert[];
  readonly damage: AppError | null;
}

/** Analyses each file by itself, in the order given. @throws AppError the first damage, after everything was analysed. */
export async function analyze(files: readonly string[], options: AnalyzeOptions): Promise<void> {
  const { judge, reason } = loadJudge(options.model, options.falseAlarmsPerDay);
  if (reason) options.err.write(`phantomnet: detectors only: ${reason}\n`);
  // A place that cannot be written is known before the work, not after.
  if (options.report) writeReport(options.report, '', 'a');
  const summaries: CaptureSummary[] = [];
  for (const file of files) {
    const summary = await analyzeFile(file, judge, options);
    summaries.push(summary);
    if (options.json)
      for (const alert of summary.alerts) options.out.write(`${JSON.stringify(alert)}\n`);
    else options.out.write(readable(summary));
  }
  if (options.report) writeReport(options.report, alertReport(summaries), 'w');
  const damage = summaries.find((summary) => summary.damage)?.damage;
  if (damage) throw damage;
}

async function analyzeFile(
  file: string,
  judge: Judge | null,
  { limits, model, workers }: AnalyzeOptions,
): Promise<CaptureSummary> {
  const options = { sensorId: 'local', judge, limits };
  if (workers === 1) return await summarize(file, new Analysis(options));
  const bytes = judge && readFileSync(model ?? SHIPPED_MODEL);
  const analysis = new ShardedAnalysis({ ...options, model: bytes, shards: workers });
  try {
    return await summarize(file, analysis);
  } finally {
    await analysis.end();
  }
}

function writeReport(path: string, html: string, flag: 'a' | 'w'): void {
  try {
    writeFileSync(path, html, { flag });
  } catch (error) {
    throw new AppError('usage', `Cannot write the report ${path}: ${fileTrouble(error)}`);
  }
}

/** Runs one capture through `analysis` and keeps the final state of every alert. */
export async function summarize(
  file: string,
  analysis: Analysis | ShardedAnalysis,
  onOutput: (output: AnalysisOutput) => void = () => {},
): Promise<CaptureSummary> {
  const alerts = new Map<string, Alert>();
  let flows = 0;
  let windows = 0;
  let firstMicros = Number.POSITIVE_INFINITY;
  let lastMicros = 0;
  const take = (output: AnalysisOutput) => {
    flows += output.flows.length;
    windows += output.windows.length;
    for (const window of output.windows) {
      if (window.scope !== 'network' || window.size !== 5) continue;
      firstMicros = Math.min(firstMicros, window.startMicros);
      lastMicros = Math.max(lastMicros, window.startMicros + 5e6);
    }
    for (const alert of output.alerts) alerts.set(alert.id, alert);
    onOutput(output);
  };
  const damage =
    analysis instanceof ShardedAnalysis
      ? await readCaptureSharded(file, analysis, take)
      : await readCapture(file, analysis, take);
  return {
    file,
    packets: analysis.counts.packets,
    flows,
    windows,
    firstMicros: lastMicros === 0 ? 0 : firstMicros,
    lastMicros,
    evictions: analysis.counts.evictions,
    alerts: [...alerts.values()].sort(
      (a, b) => a.detected_at - b.detected_at || (a.id < b.id ? -1 : 1),
    ),
    damage,
  };
}

function readable({ file, packets, flows, windows, alerts, evictions }: CaptureSummary): string {
  const lines = [
    `${file}: ${packets} packets, ${flows} flows, ${windows} windows, ${alerts.length} alerts`,
  ];
  for (const alert of alerts) {
    const at = new Date(alert.first_seen * 1000).toISOString().slice(0, 19).replace('T', ' ');
    lines.push(
      `  ${at}  ${alert.severity.padEnd(8)} ${alert.alert_type.padEnd(16)} ${alert.confidence.toFixed(2)} ${alert.decision.padEnd(5)}  ${alert.description}`,
    );
  }
  const lost = Object.entries(evictions).filter(([, count]) => count > 0);
  if (lost.length > 0)
    lines.push(
      `  dropped to stay in bounds: ${lost.map(([what, count]) => `${what} ${count}`).join(', ')}`,
    );
  return `${lines.map(printable).join('\n')}\n`;
}
