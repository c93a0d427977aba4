import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ClockExchange, clockAnswer, clockNote, parseClockNote } from './clock-note.ts';
import { ClockSkew } from './clock-skew.ts';

const START_MS = 1_795_202_503_000;

/** A batch and its answer: the sensor's clock is `skewMs` ahead, the way there takes `upMs`, back `downMs`. */
function exchange(atMs: number, skewMs: number, upMs: number, downMs: number): ClockExchange {
  const receivedMs = atMs + upMs;
  const answeredMs = receivedMs + 20;
  return {
    sentMs: atMs + skewMs,
    receivedMs,
    answeredMs,
    returnedMs: answeredMs + downMs + skewMs,
  };
}

/** What the server finds after these exchanges, each told with the next batch. */
function found(exchanges: readonly ClockExchange[]): ClockSkew {
  const skew = new ClockSkew();
  let before: ClockExchange | null = null;
  for (const one of exchanges) {
    skew.add({ sentMs: one.sentMs, before }, one.receivedMs);
    before = one;
  }
  if (before) skew.add({ sentMs: before.returnedMs, before }, before.answeredMs + 1);
  return skew;
}

describe('ClockSkew', () => {
  it('is the skew, however long the way, within the error it states', () => {
    const delays = fc.array(
      fc.record({ up: fc.integer({ min: 0, max: 3000 }), down: fc.integer({ min: 0, max: 3000 }) }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 100_000 }), delays, (skewMs, list) => {
        const exchanges = list.map(({ up, down }, i) =>
          exchange(START_MS + 10_000 * i, skewMs, up, down),
        );
        const { estimate } = found(exchanges);
        const quickest = Math.min(...list.map(({ up, down }) => up + down));
        expect(estimate?.errorMs).toBeLessThanOrEqual(quickest / 2);
        expect(Math.abs((estimate?.skewMs ?? 1e9) - skewMs)).toBeLessThanOrEqual(quickest / 2);
      }),
    );
  });

  it('takes the quickest exchange, not the last: a jam is no skew', () => {
    const exchanges = [2, 2, 1500, 2500].map((up, i) => exchange(START_MS + 1000 * i, 300, up, 2));
    expect(found(exchanges).estimate).toEqual({ skewMs: 300, errorMs: 2 });
  });

  it('follows a clock that is set, at once', () => {
    const before = [0, 1, 2].map((i) => exchange(START_MS + 1000 * i, 5000, 3, 3));
    const after = exchange(START_MS + 4000, 0, 40, 40);
    expect(found([...before, after]).estimate).toEqual({ skewMs: 0, errorMs: 40 });
  });

  it('forgets exchanges of more than ten minutes ago', () => {
    const quick = exchange(START_MS, 0, 1, 1);
    const slow = exchange(START_MS + 700_000, 30, 60, 60);
    expect(found([quick, slow]).estimate).toEqual({ skewMs: 30, errorMs: 60 });
  });

  it('takes the shortest way of one direction where no answer is known, and knows no error', () => {
    const skew = new ClockSkew();
    expect(skew.estimate).toBeNull();
    for (const up of [80, 5, 300])
      skew.add({ sentMs: START_MS + 1000, before: null }, START_MS + up);
    expect(skew.estimate).toEqual({ skewMs: 995, errorMs: null });
  });

  it('does not believe an exchange that ended before it began', () => {
    const skew = new ClockSkew();
    const before = { sentMs: 100, receivedMs: 50, answeredMs: 40, returnedMs: 90 };
    skew.add({ sentMs: START_MS, before }, START_MS + 10);
    expect(skew.estimate).toEqual({ skewMs: -10, errorMs: null });
  });
});

describe('the header', () => {
  it('comes back as it was written', () => {
    const before = exchange(START_MS, 5, 1, 1);
    expect(parseClockNote(clockNote(START_MS, null))).toEqual({ sentMs: START_MS, before: null });
    expect(parseClockNote(clockNote(START_MS, before))).toEqual({ sentMs: START_MS, before });
    expect(clockAnswer(`${before.receivedMs} ${before.answeredMs}`, 1, 2)).toEqual({
      ...before,
      sentMs: 1,
      returnedMs: 2,
    });
  });

  it('is ignored where it is anything else', () => {
    for (const header of [null, '', 'now', '1 2', '1 2 3 4 5 6', '-1', '1e9', ' 1', '1'.repeat(16)])
      expect([header, parseClockNote(header)]).toEqual([header, null]);
    for (const header of [null, '', '1', '1 2 3', 'a b'])
      expect([header, clockAnswer(header, 1, 2)]).toEqual([header, null]);
    fc.assert(fc.property(fc.string(), (header) => void parseClockNote(header)));
  });
});
