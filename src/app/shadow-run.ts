/** The registry's challenger beside the champion on live traffic: what it would have said is counted and kept, nothing else. */
import { Judge } from '../core/engine/judge.ts';
import { Shadow, type ShadowCounts, type ShadowTotals } from '../core/engine/shadow.ts';
import type { ModelRegistry } from '../workshop/registry.ts';
import type { Log } from './log.ts';
import { readModelFile } from './model.ts';

export interface ShadowRun extends Pick<Shadow, 'observe'> {
  /** Adds what has been counted since the last time to what is kept, also by other processes. */
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
  let kept = structuredClone(shadow.totals);
  return {
    observe: (output) => shadow.observe(output),
    save: async () => {
      const now = structuredClone(shadow.totals);
      const news = difference(now, kept);
      if (Object.values(news).every(({ rows }) => rows === 0)) return;
      kept = now;
      try {
        await registry.noteShadow(hash, { since, ...news });
      } catch (error) {
        kept = difference(kept, news);
        throw error;
      }
    },
  };
}

function difference(now: ShadowTotals, then: ShadowTotals): ShadowTotals {
  const of = (kind: keyof ShadowTotals): ShadowCounts => ({
    rows: now[kind].rows - then[kind].rows,
    both: now[kind].both - then[kind].both,
    onlyChampion: now[kind].onlyChampion - then[kind].onlyChampion,
    onlyChallenger: now[kind].onlyChallenger - then[kind].onlyChallenger,
    distance: now[kind].distance - then[kind].distance,
  });
  return { flows: of('flows'), sources: of('sources'), targets: of('targets') };
}
