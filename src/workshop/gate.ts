/** The gate of a promotion: captures without attack, on which a new champion must not raise more than the old one. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { GateResult } from '../contract/model.ts';
import type { DetectionLimits } from '../core/detection/detection-limits.ts';
import type { ShadowCounts } from '../core/engine/shadow.ts';
import { AppError } from '../errors.ts';
import type { GateAnswer } from './gate-worker.ts';
import type { Trial } from './trial.ts';

/** Of benign rows, a challenger may call so many attacks even where the champion calls fewer: alone they alert nobody. */
const MAX_FALSE_SHARE = 0.01;

export interface GateTask {
  readonly captures: readonly string[];
  /** Model files; `champion` null: detectors alone. */
  readonly champion: Uint8Array | null;
  readonly challenger: Uint8Array;
  readonly limits: DetectionLimits;
  readonly falseAlarmsPerDay: number;
}

/**
 * Both over every capture, in a thread of its own: whoever asks goes on meanwhile.
 * @throws AppError for a model that cannot judge, and for a damaged capture, of which no number would be right
 */
export async function runGate(
  task: GateTask,
  onTrial: (trial: Trial) => void = () => {},
): Promise<GateResult[]> {
  const file = `./gate-worker${extname(import.meta.url)}`;
  const worker = new Worker(new URL(file, import.meta.url), { workerData: task, execArgv: [] });
  const results: GateResult[] = [];
  return new Promise((resolve, reject) => {
    worker.on('message', (answer: GateAnswer) => {
      if ('failure' in answer)
        return reject(new AppError(answer.failure.code, answer.failure.message));
      results.push(gateOf(answer.trial));
      onTrial(answer.trial);
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      results.length === task.captures.length
        ? resolve(results)
        : reject(new Error(`The thread of the gate ended with ${code}`)),
    );
  });
}

/** Why the gate stays shut; null: no objection. Detectors raise most alerts, so what the models say row by row counts too. */
export function objectionOf(result: GateResult): string | null {
  const { capture, champion, challenger, rows, champion_rows, challenger_rows } = result;
  if (rows === 0) return `there is nothing to judge in ${capture}`;
  if (challenger > champion)
    return `${challenger} false alerts on ${capture}, the champion raises ${champion}`;
  if (challenger_rows > Math.max(champion_rows, MAX_FALSE_SHARE * rows))
    return `${challenger_rows} of ${rows} conversations and windows in ${capture} would be attacks, by the champion ${champion_rows}`;
  return null;
}

function gateOf({ capture, alerts, rows }: Trial): GateResult {
  const kinds = [rows.flows, rows.sources, rows.targets];
  const sum = (countOf: (counts: ShadowCounts) => number) =>
    kinds.reduce((total, counts) => total + countOf(counts), 0);
  return {
    capture,
    ...alerts,
    rows: sum((counts) => counts.rows),
    champion_rows: sum(({ both, onlyChampion }) => both + onlyChampion),
    challenger_rows: sum(({ both, onlyChallenger }) => both + onlyChallenger),
  };
}
