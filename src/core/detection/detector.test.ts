import { describe, expect, it } from 'vitest';
import { BLOCK_THRESHOLD } from '../../contract/analysis.ts';
import { decide } from '../response/policy.ts';
import { confidenceOf, provenConfidenceOf } from './detector.ts';

const POLICY = { alert_threshold: 0.5, block_threshold: BLOCK_THRESHOLD };
const LIMIT = 20;

const verdictAt = (measured: number) =>
  decide(confidenceOf(measured, LIMIT), POLICY, {
    isAnomalyOnly: false,
    isProtected: false,
    provenConfidence: provenConfidenceOf(measured, LIMIT),
  });

describe('confidence', () => {
  it('grows with the distance to the limit and is never certain', () => {
    const steps = [20, 30, 60, 200, 1e9].map((measured) => confidenceOf(measured, LIMIT));
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps[0]).toBeCloseTo(0.72);
    expect(steps.at(-1)).toBeLessThanOrEqual(0.99);
  });

  it('never is less than what of it may block', () => {
    for (let measured = 1; measured < 400; measured++)
      expect(provenConfidenceOf(measured, LIMIT)).toBeLessThanOrEqual(
        confidenceOf(measured, LIMIT),
      );
  });

  it('well above the blocking threshold does not block without the margin', () => {
    expect(confidenceOf(36, LIMIT)).toBeGreaterThan(BLOCK_THRESHOLD);
    expect(verdictAt(20)).toBe('ALERT');
    expect(verdictAt(36)).toBe('ALERT');
    expect(verdictAt(50)).toBe('BLOCK');
  });

  it('proves nothing below the limit', () => {
    expect(provenConfidenceOf(19, LIMIT)).toBe(0);
  });
});
