/** The registry's challenger beside the champion on live traffic: what it would have said is counted and kept, nothing else. */
import { Judge } from '../core/engine/judge.ts';
import { Shadow } from '../core/engine/shadow.ts';
import { AppError } from '../errors.ts';
import type { ModelRegistry } from '../workshop/registry.ts';
import type { Log } from './log.ts';
import { readModelFile } from './model.ts';

export interface ShadowRun extends Pick<Shadow, 'observe'> {
  /** Writes what has been counted since the start. */
  save(): void;
}

/** Null where there is no challenger, or it cannot judge: said in the log, and no reason not to start. */
export function startShadow(registry: ModelRegistry, log: Log): ShadowRun | null {
  try {
    const path = registry.challengerPath();
    if (path === null) return null;
    const challenger = new Judge(readModelFile(path));
    const shadow = new Shadow(challenger);
    const since = new Date().toISOString();
    log.info({ hash: challenger.hash }, 'a challenger judges in the shadow');
    return {
      observe: (output) => shadow.observe(output),
      save: () => registry.noteShadow(challenger.hash, { since, ...shadow.totals }),
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    log.warn(`No challenger: ${error.message}`);
    return null;
  }
}
