import { describe, expect, it } from 'vitest';
import {
  MAX_NETWORK_WEIGHT,
  MAX_SOURCE_WEIGHT,
  MAX_WEAK_SHARE,
  type SiteExample,
  WEAK_WEIGHT,
  weighExamples,
} from './site-examples.ts';

const ROW = new Float64Array(1);

/** So many windows of one source, each another. */
function windowsOf(
  source: string,
  count: number,
  change: Partial<SiteExample> = {},
): SiteExample[] {
  return Array.from({ length: count }, (_, at) => ({
    row: ROW,
    startMicros: at * 5e6,
    key: `${source} ${at}`,
    source,
    kind: 'Port_Scan',
    isWeak: true,
    ...change,
  }));
}

const weightOf = (examples: readonly { weight: number; source: string }[], source?: string) =>
  examples
    .filter((example) => source === undefined || example.source === source)
    .reduce((sum, { weight }) => sum + weight, 0);

describe('weighExamples', () => {
  it('gives weak evidence less than an analyst', () => {
    const { examples } = weighExamples(
      [...windowsOf('198.51.100.1', 1), ...windowsOf('203.0.113.1', 1, { isWeak: false })],
      1e6,
    );
    expect(examples.map(({ weight }) => weight)).toEqual([WEAK_WEIGHT, 1]);
  });

  it('holds a source that floods the lures to its cap, and others to nothing', () => {
    const { examples, counts } = weighExamples(
      [...windowsOf('198.51.100.1', 5_000), ...windowsOf('203.0.113.1', 10)],
      1e6,
    );
    expect(weightOf(examples, '198.51.100.1')).toBeCloseTo(MAX_SOURCE_WEIGHT);
    expect(weightOf(examples, '203.0.113.1')).toBeCloseTo(10 * WEAK_WEIGHT);
    expect(counts.capped).toBe(1);
  });

  it('holds a network together, whatever address of it comes', () => {
    const four = Array.from({ length: 200 }, (_, host) => windowsOf(`198.51.100.${host}`, 100));
    const six = Array.from({ length: 200 }, (_, host) => windowsOf(`2001:db8::${host + 1}`, 100));
    const { examples } = weighExamples([...four, ...six].flat(), 1e6);
    expect(weightOf(examples)).toBeCloseTo(2 * MAX_NETWORK_WEIGHT);
  });

  it('holds an analyst who calls one source harmless again and again to the cap too', () => {
    const negatives = windowsOf('198.51.100.1', 1_000, { kind: null, isWeak: false });
    const { examples, counts } = weighExamples(negatives, 1e6);
    expect(weightOf(examples)).toBeCloseTo(MAX_SOURCE_WEIGHT);
    expect(counts).toMatchObject({ negative: 1_000, strong: 0, weak: 0 });
  });

  it('lets all weak evidence together weigh a share of the base, from however many networks it comes', () => {
    const many = Array.from({ length: 100 }, (_, net) => windowsOf(`10.0.${net}.1`, 100)).flat();
    const strong = windowsOf('203.0.113.1', 5, { isWeak: false });
    const { examples } = weighExamples([...many, ...strong], 100);
    expect(weightOf(examples.filter(({ isWeak }) => isWeak))).toBeCloseTo(100 * MAX_WEAK_SHARE);
    expect(weightOf(examples, '203.0.113.1')).toBe(5);
  });

  it('counts a window once, by the analyst, and leaves out what is called both', () => {
    const lured = windowsOf('198.51.100.1', 3);
    const resolved = windowsOf('198.51.100.1', 1, { isWeak: false, kind: 'Brute_Force' });
    const harmless = windowsOf('198.51.100.1', 2, { isWeak: false, kind: null }).slice(1);
    const { examples, counts } = weighExamples([...lured, ...resolved, ...harmless], 1e6);
    expect(examples.map(({ key, kind }) => [key, kind])).toEqual([
      ['198.51.100.1 0', 'Brute_Force'],
      ['198.51.100.1 2', 'Port_Scan'],
    ]);
    expect(counts.contradicted).toBe(1);
  });

  it('makes nothing of nothing', () => {
    expect(weighExamples([], 0).examples).toEqual([]);
  });
});
