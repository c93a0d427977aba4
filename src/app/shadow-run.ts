/** The registry's challenger beside the champion on live traffic: what it would have said is counted and kept, nothing else. */
import { Judge } from '../core/engine/judge.ts';
import { Shadow } from '../core/engine/shadow.ts';
import type { ModelRegistry } from '../workshop/registry.ts';
import type { Log } from './log.ts';
import { readModelFile } from './model.ts';

export interface ShadowRun extends Pick<Shadow, 'observe'> {
  /** Writes what has been counted since the start. */
  save(): Promise<void>;
}

export interface ShadowOptions {
  readonly registry: ModelRegistry;
  readonly falseAlarmsPerDay: number;
  readonly log: Log;
}

/** @throws AppError where it cannot judge */
export function startShadow(
  { registry, falseAlarmsPerDay, log }: ShadowOptions,
  hash: string,
): ShadowRun {
  const shadow = new Shadow(new Judge(readModelFile(registry.pathOf(hash)), falseAlarmsPerDay));
  const since = new Date().toISOString();
  log.info({ hash }, 'a challenger judges in the shadow');
  return {
    observe: (output) => shadow.observe(output),
    save: () => registry.noteShadow(hash, { since, ...shadow.totals }),
  };
}
