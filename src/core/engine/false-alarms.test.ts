import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALERT_THRESHOLD } from '../../contract/analysis.ts';
import { WINDOW_FEATURES } from '../../contract/features.ts';
import { decodeModels } from '../models/model-file.ts';
import { alarmThresholds, benignTails } from './false-alarms.ts';
import { Judge, MODEL_NAMES } from './judge.ts';

const shipped = decodeModels(readFileSync('models/phantomnet.model'));
const source = shipped.models.find(({ name }) => name === MODEL_NAMES.source);
const KINDS = source?.model.kind === 'random_forest' ? source.model.classNames.slice(1) : [];

/** Everything is an attack to it, as far as the thresholds let it; benign traffic got these scores in a day. */
function judgeWith(scores: Readonly<Record<string, number[]>>, perDay: number): Judge {
  const models = shipped.models.map((stored) => ({
    ...stored,
    calibrations: { malicious: { kind: 'platt', slope: 0, intercept: 6 } } as const,
    references: stored.name === MODEL_NAMES.source ? benignTails(scores, 1) : {},
  }));
  return new Judge({ ...shipped, models }, perDay);
}

const times = (count: number, score: number) => Array.from({ length: count }, () => score);
const row = new Float64Array(WINDOW_FEATURES.length);

describe('the wanted number of false alarms', () => {
  it('keeps what would cost more of them below an attack', () => {
    const hostile = Object.fromEntries(KINDS.map((kind) => [kind, times(1000, 0.99)]));
    const verdict = judgeWith(hostile, 1).judgeVector(row);
    expect(verdict.label).toBe('Benign');
    expect(verdict.threatScore).toBeLessThan(ALERT_THRESHOLD);
    expect(verdict.threatScore).toBeGreaterThan(ALERT_THRESHOLD - 0.1);
    expect(verdict.confidence + verdict.threatScore).toBeCloseTo(1);
  });

  it('lets through what costs no more', () => {
    const quiet = Object.fromEntries(KINDS.map((kind) => [kind, times(1000, 0)]));
    const verdict = judgeWith(quiet, 2000).judgeVector(row);
    expect(KINDS).toContain(verdict.label);
    expect(verdict.threatScore).toBeGreaterThan(0.9);
    // Only the likeliest kind counts: that another would pass makes none of it.
    const others = { ...quiet, [verdict.label]: times(1000, 0.99) };
    expect(judgeWith(others, 1).judgeVector(row).label).toBe('Benign');
  });

  it('is higher where more may be wrong, in all that ships', () => {
    for (const stored of shipped.models.filter(({ name }) => name !== MODEL_NAMES.isolation)) {
      const strict = alarmThresholds(stored, 1);
      const loose = alarmThresholds(stored, 1000);
      expect(Object.keys(strict).length).toBeGreaterThan(0);
      for (const [kind, threshold] of Object.entries(strict))
        expect(loose[kind]).toBeLessThanOrEqual(threshold);
    }
  });

  it('refuses a damaged tail', () => {
    const models = shipped.models.map((stored) => ({
      ...stored,
      references: { 'benign_tail:Port_Scan': Float64Array.of(-1) },
    }));
    expect(() => new Judge({ ...shipped, models })).toThrow(
      expect.objectContaining({ code: 'model_incompatible' }),
    );
  });
});
