/**
 * A challenger in the shadow: it judges what the champion has judged and changes nothing. What is counted says where the
 * two differ before anyone relies on the new one.
 */
import { ALERT_THRESHOLD } from '../../contract/analysis.ts';
import type { FlowRecord } from '../../contract/flow.ts';
import type { WindowRow } from '../../contract/window.ts';
import type { Judge } from './judge.ts';

/** Of one kind of row. */
export interface ShadowCounts {
  rows: number;
  /** Rows that both, or only one of them, would alert on. */
  both: number;
  onlyChampion: number;
  onlyChallenger: number;
  /** Of the score, summed up over the rows. */
  distance: number;
}

export interface ShadowTotals {
  readonly flows: ShadowCounts;
  readonly sources: ShadowCounts;
  readonly targets: ShadowCounts;
}

export class Shadow {
  readonly #challenger: Judge;
  readonly #isAlone: boolean;
  readonly totals: ShadowTotals = { flows: nothing(), sources: nothing(), targets: nothing() };

  /** @param isAlone there is no champion: none of its rows counts as an attack */
  constructor(challenger: Judge, isAlone = false) {
    this.#challenger = challenger;
    this.#isAlone = isAlone;
  }

  /** Rows that a champion has given no verdict on count nowhere. */
  observe({
    flows,
    windows,
  }: {
    flows: readonly FlowRecord[];
    windows: readonly WindowRow[];
  }): void {
    for (const flow of flows) {
      if (flow.verdict === null && !this.#isAlone) continue;
      const { threatScore } = this.#challenger.judgeFlow(flow);
      add(this.totals.flows, flow.verdict?.threatScore ?? 0, threatScore);
    }
    for (const window of windows) {
      if (window.verdict === null && !this.#isAlone) continue;
      const theirs = this.#challenger.judgeWindow(window);
      if (theirs === null) continue;
      const counts = window.scope === 'source' ? this.totals.sources : this.totals.targets;
      add(counts, window.verdict?.threatScore ?? 0, theirs.threatScore);
    }
  }
}

function nothing(): ShadowCounts {
  return { rows: 0, both: 0, onlyChampion: 0, onlyChallenger: 0, distance: 0 };
}

function add(counts: ShadowCounts, champion: number, challenger: number): void {
  const isChampion = champion >= ALERT_THRESHOLD;
  const isChallenger = challenger >= ALERT_THRESHOLD;
  counts.rows++;
  if (isChampion && isChallenger) counts.both++;
  else if (isChampion) counts.onlyChampion++;
  else if (isChallenger) counts.onlyChallenger++;
  counts.distance += Math.abs(champion - challenger);
}
