/** Champion and challenger over captures: the alerts that each would raise, and row by row where they differ. */
import type { AnalysisOutput } from '../contract/analysis.ts';
import type { DetectionLimits } from '../core/detection/detection-limits.ts';
import { Analysis } from '../core/engine/analysis.ts';
import type { Judge } from '../core/engine/judge.ts';
import { Shadow, type ShadowTotals } from '../core/engine/shadow.ts';
import { readCapture } from './read-capture.ts';

export interface Trial {
  readonly capture: string;
  /** How many each raises over the whole pipeline, detectors included. */
  readonly alerts: { readonly champion: number; readonly challenger: number };
  readonly rows: ShadowTotals;
}

/** `champion` null: detectors alone. @throws AppError for a damaged capture, of which no number would be right */
export async function tryModels(
  capture: string,
  champion: Judge | null,
  challenger: Judge,
  limits: DetectionLimits,
): Promise<Trial> {
  const shadow = new Shadow(challenger, champion === null);
  const first = await countAlerts(capture, champion, limits, (output) => shadow.observe(output));
  const second = await countAlerts(capture, challenger, limits);
  return {
    capture,
    alerts: { champion: first, challenger: second },
    rows: shadow.totals,
  };
}

async function countAlerts(
  capture: string,
  judge: Judge | null,
  limits: DetectionLimits,
  onOutput: (output: AnalysisOutput) => void = () => {},
): Promise<number> {
  const alerts = new Set<string>();
  const analysis = new Analysis({ sensorId: 'trial', judge, limits });
  const damage = await readCapture(capture, analysis, (output) => {
    for (const { id } of output.alerts) alerts.add(id);
    onOutput(output);
  });
  if (damage) throw damage;
  return alerts.size;
}
