/**
 * Labelled examples from captures: a vector per conversation and per 5 s window of a source or target,
 * with the kind of attack it belongs to. Identity never enters: no address, no absolute time.
 *
 * A flow takes the label of the row it starts in. A window of a source is an attack where a labelled
 * flow of that source was under way in it; of a target likewise. Rows that hold only for some DNS names
 * make the flows between their hosts ambiguous: those are left out.
 */
import type { AlertKind } from '../contract/alert-kinds.ts';
import { WINDOW_FEATURES } from '../contract/features.ts';
import type { FlowRecord } from '../contract/flow.ts';
import type { WindowRow } from '../contract/window.ts';
import { Analysis } from '../core/engine/analysis.ts';
import { FLOW_FEATURES, flowVector } from '../core/features/flow-vector.ts';
import type { LabelRow } from './labels.ts';
import { readCapture } from './read-capture.ts';
import type { PlannedCapture } from './training-plan.ts';

/** Examples of one kind, rows of `width` values. */
export class Examples {
  readonly width: number;
  readonly rows: Float64Array[] = [];
  /** Null: benign. */
  readonly kinds: (AlertKind | null)[] = [];
  /** True: kept apart for the test. */
  readonly isTest: boolean[] = [];
  /** What each counts in training. */
  readonly weights: number[] = [];

  constructor(width: number) {
    this.width = width;
  }

  add(row: Float64Array, kind: AlertKind | null, isTest: boolean, weight = 1): void {
    this.rows.push(row);
    this.weights.push(weight);
    this.kinds.push(kind);
    this.isTest.push(isTest);
  }
}

export interface ExampleSets {
  /** How long the test parts of all captures are together. */
  testSeconds: number;
  readonly flows: Examples;
  readonly sources: Examples;
  readonly targets: Examples;
}

/** Share of each attack's time (of the capture's, for benign traffic) that trains where the plan says `split`. */
const TRAINING_SHARE = 0.6;
/** Of the examples of one kind in one capture: a flood must not drown the rest. */
const MAX_ATTACK_FLOWS = 4_000;
const WINDOW_MICROS = 5e6;

export function newExampleSets(): ExampleSets {
  return {
    testSeconds: 0,
    flows: new Examples(FLOW_FEATURES.length),
    sources: new Examples(WINDOW_FEATURES.length),
    targets: new Examples(WINDOW_FEATURES.length),
  };
}

/** Adds what one capture has to teach. Resolves to the number of packets. */
export async function addExamples(sets: ExampleSets, capture: PlannedCapture): Promise<number> {
  const flows: FlowRecord[] = [];
  const windows: WindowRow[] = [];
  const analysis = new Analysis({ sensorId: 'training', judge: null });
  await readCapture(capture.path, analysis, (output) => {
    flows.push(...output.flows);
    for (const window of output.windows)
      if (window.size === 5 && window.scope !== 'network') windows.push(window);
  });
  const { split, testSeconds } = splitOf(capture, flows);
  sets.testSeconds += testSeconds;
  const attacked = addFlows(sets.flows, capture, flows, split);
  for (const window of windows) {
    const examples = window.scope === 'source' ? sets.sources : sets.targets;
    const kind = attacked.get(windowKey(window.scope, window.entity, window.startMicros)) ?? null;
    examples.add(window.values.slice(), kind?.kind ?? null, split(kind, window.startMicros));
  }
  return analysis.counts.packets;
}

/** Adds the flows and returns the windows that attacks were under way in. */
function addFlows(
  examples: Examples,
  capture: PlannedCapture,
  flows: readonly FlowRecord[],
  split: Split,
): Map<string, LabelRow> {
  const attacked = new Map<string, LabelRow>();
  const counts = new Map<LabelRow, number>();
  for (const flow of flows) {
    const about = {
      firstMicros: flow.firstSeenMicros,
      srcIp: flow.srcIp,
      dstIp: flow.dstIp,
      proto: flow.protocol.toLowerCase(),
      dstPort: flow.dstPort,
    };
    if (capture.labels.isAmbiguous(about)) continue;
    const row = capture.labels.of(about);
    if (row) {
      const count = (counts.get(row) ?? 0) + 1;
      counts.set(row, count);
      for (
        let at = floor(flow.firstSeenMicros);
        at <= Math.min(flow.lastSeenMicros, row.endMicros);
        at += WINDOW_MICROS
      ) {
        attacked.set(windowKey('source', flow.srcIp, at), row);
        attacked.set(windowKey('target', flow.dstIp, at), row);
      }
      if (count > MAX_ATTACK_FLOWS) continue;
    }
    const vector = new Float64Array(examples.width);
    flowVector(flow, vector);
    examples.add(vector, row?.kind ?? null, split(row, flow.firstSeenMicros));
  }
  return attacked;
}

/** True: the example at `micros` is for the test. */
type Split = (row: LabelRow | null, micros: number) => boolean;

function splitOf(
  capture: PlannedCapture,
  flows: readonly FlowRecord[],
): { split: Split; testSeconds: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const flow of flows) {
    first = Math.min(first, flow.firstSeenMicros);
    last = Math.max(last, flow.firstSeenMicros);
  }
  const seconds = Math.max(0, last - first) / 1e6;
  if (capture.use !== 'split') {
    const isTest = capture.use === 'test';
    return { split: () => isTest, testSeconds: isTest ? seconds : 0 };
  }
  const benignEnd = first + (last - first) * TRAINING_SHARE;
  return {
    // Several rows may be one attack (decoys, a second victim): each is cut by its own span.
    split: (row, micros) =>
      micros >
      (row ? row.startMicros + (row.endMicros - row.startMicros) * TRAINING_SHARE : benignEnd),
    testSeconds: seconds * (1 - TRAINING_SHARE),
  };
}

function floor(micros: number): number {
  return Math.floor(micros / WINDOW_MICROS) * WINDOW_MICROS;
}

function windowKey(scope: string, entity: string, micros: number): string {
  return `${scope} ${entity} ${floor(micros)}`;
}
