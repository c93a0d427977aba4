/** Splits by time and run: what leaks from the later part of an attack, or of a capture, into training makes every measure a lie. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FlowRecord } from '../contract/flow.ts';
import type { WindowRow } from '../contract/window.ts';
import { Analysis } from '../core/engine/analysis.ts';
import { addExamples, type ExampleSets, type Examples, newExampleSets } from './examples.ts';
import { readLabels } from './labels.ts';
import { readCapture } from './read-capture.ts';
import type { PlannedCapture } from './training-plan.ts';

const DEMO: PlannedCapture = {
  name: 'demo',
  path: 'demo/demo.pcap.zst',
  labels: readLabels('demo/labels.csv'),
  use: 'split',
  sha256: '',
};

const flows: FlowRecord[] = [];
const windows: WindowRow[] = [];
let sets: ExampleSets;

beforeAll(async () => {
  const analysis = new Analysis({ sensorId: 'training', judge: null });
  await readCapture(DEMO.path, analysis, (output) => {
    flows.push(...output.flows);
    for (const window of output.windows)
      if (window.size === 5 && window.scope === 'source') windows.push(window);
  });
  sets = newExampleSets();
  await addExamples(sets, DEMO);
}, 60_000);

/** Of each group, that all of its test rows are later than all that train: what its groups are. */
function expectSplitByTime(groups: ReadonlyMap<string, { at: number; isTest: boolean }[]>): void {
  for (const [name, rows] of groups) {
    const train = rows.filter(({ isTest }) => !isTest).map(({ at }) => at);
    const test = rows.filter(({ isTest }) => isTest).map(({ at }) => at);
    if (train.length > 0 && test.length > 0)
      expect(Math.max(...train), name).toBeLessThanOrEqual(Math.min(...test));
  }
}

function group<Row>(rows: readonly Row[], nameOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(nameOf(row), [...(groups.get(nameOf(row)) ?? []), row]);
  return groups;
}

const shareOfTest = ({ isTest }: Examples) => isTest.filter((each) => each).length / isTest.length;

describe('a capture that is split', () => {
  it('trains on the first part of each attack and of what is none, and tests on the rest', () => {
    const about = (flow: FlowRecord) => ({
      firstMicros: flow.firstSeenMicros,
      srcIp: flow.srcIp,
      dstIp: flow.dstIp,
      proto: flow.protocol.toLowerCase(),
      dstPort: flow.dstPort,
    });
    // No attack of the demo has more flows than the cap, so these and the examples stand in the same order.
    const plain = flows.filter((flow) => !DEMO.labels.isAmbiguous(about(flow)));
    expect(sets.flows.rows.length).toBe(plain.length);
    const rows = plain.map((flow, index) => {
      const label = DEMO.labels.of(about(flow));
      expect(sets.flows.kinds[index]).toBe(label?.kind ?? null);
      const name = label ? `${label.kind} ${label.startMicros} ${label.srcIp}` : 'benign';
      return { at: flow.firstSeenMicros, isTest: sets.flows.isTest[index] ?? false, name };
    });
    const groups = group(rows, ({ name }) => name);
    expect(groups.size).toBeGreaterThan(10);
    expectSplitByTime(groups);
    expect(shareOfTest(sets.flows)).toBeGreaterThan(0.1);
  });

  it('splits windows without attack at one time too', () => {
    expect(sets.sources.rows.length).toBe(windows.length);
    const benign = windows
      .map(({ startMicros }, index) => ({
        at: startMicros,
        isTest: sets.sources.isTest[index] ?? false,
        isAttack: sets.sources.kinds[index] !== null,
      }))
      .filter(({ isAttack }) => !isAttack);
    expectSplitByTime(new Map([['benign', benign]]));
    expect(benign.some(({ isTest }) => isTest)).toBe(true);
    expect(benign.some(({ isTest }) => !isTest)).toBe(true);
  });
});

it.each(['train', 'test'] as const)('a capture that is for %s goes there whole', async (use) => {
  const whole = newExampleSets();
  await addExamples(whole, { ...DEMO, use });
  for (const { isTest } of [whole.flows, whole.sources, whole.targets])
    expect(new Set(isTest)).toEqual(new Set([use === 'test']));
});
