import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALERT_THRESHOLD, BLOCK_THRESHOLD } from '../../contract/analysis.ts';
import { decide } from './policy.ts';

const DEFAULT = { alert_threshold: ALERT_THRESHOLD, block_threshold: BLOCK_THRESHOLD };
const NOTHING_SPEAKS_AGAINST = { isAnomalyOnly: false, provenConfidence: 1, isProtected: false };

const facts = fc.record({
  isAnomalyOnly: fc.boolean(),
  provenConfidence: fc.double({ min: 0, max: 1, noNaN: true }),
  isProtected: fc.boolean(),
});
const policy = fc.record({
  alert_threshold: fc.double({ min: 0, max: 1, noNaN: true }),
  block_threshold: fc.double({ min: 0, max: 1, noNaN: true }),
});
const confidence = fc.double({ min: 0, max: 1 });

describe('decide', () => {
  it.each([
    [0, 'ALLOW'],
    [0.499, 'ALLOW'],
    [0.5, 'ALERT'],
    [0.799, 'ALERT'],
    [0.8, 'BLOCK'],
    [1, 'BLOCK'],
    [Number.NaN, 'ALLOW'],
  ])('by default %d is %s', (value, verdict) => {
    expect(decide(value, DEFAULT, NOTHING_SPEAKS_AGAINST)).toBe(verdict);
  });

  it('blocks only what is beyond both thresholds and what no fact speaks for', () => {
    fc.assert(
      fc.property(confidence, policy, facts, (value, limits, known) => {
        const sure = Math.min(value, known.provenConfidence);
        const isSure = sure >= limits.alert_threshold && sure >= limits.block_threshold;
        const isHeld = known.isAnomalyOnly || known.isProtected || known.provenConfidence === 0;
        expect(decide(value, limits, known) === 'BLOCK').toBe(isSure && !isHeld);
      }),
    );
  });

  it('blocks nothing of which nothing is proven, also where every alert is to be blocked', () => {
    const always = { alert_threshold: 0, block_threshold: 0 };
    expect(decide(1, always, { ...NOTHING_SPEAKS_AGAINST, provenConfidence: 0 })).toBe('ALERT');
    expect(decide(0, always, NOTHING_SPEAKS_AGAINST)).toBe('BLOCK');
  });

  it('tells an alert from nothing by the confidence alone', () => {
    fc.assert(
      fc.property(confidence, policy, facts, (value, limits, known) => {
        expect(decide(value, limits, known) === 'ALLOW').toBe(!(value >= limits.alert_threshold));
      }),
    );
  });

  it('never becomes milder as confidence grows', () => {
    const rank = { ALLOW: 0, ALERT: 1, BLOCK: 2, DECEIVE: 3 };
    fc.assert(
      fc.property(confidence, confidence, policy, facts, (a, b, limits, known) => {
        fc.pre(a <= b);
        expect(rank[decide(a, limits, known)]).toBeLessThanOrEqual(rank[decide(b, limits, known)]);
      }),
    );
  });
});
