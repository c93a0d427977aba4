/**
 * Examples from a site's own traffic, each with a weight: weak ones of attack from sources that touched a lure, strong ones
 * from what analysts said of alerts. Negatives come from false alarms alone: what nobody has looked at proves nothing, or
 * whoever stays below the alarms would teach the model that this is what harmless looks like.
 *
 * Against poisoning: what one source, and one network, can weigh is capped, so is all weak evidence together; a window that
 * is called both is left out.
 */
import type { AlertKind } from '../contract/alert-kinds.ts';
import { parseAddress } from '../core/response/address.ts';

/** A contact with a lure is no proof of what else the address did meanwhile. */
export const WEAK_WEIGHT = 0.3;
/** Weight of one source together, and of one /24 or /64; in windows. */
export const MAX_SOURCE_WEIGHT = 20;
export const MAX_NETWORK_WEIGHT = 60;
/** Of the weight of all attacks that the base has, weak evidence may have this share. */
export const MAX_WEAK_SHARE = 0.2;

export interface SiteExample {
  readonly row: Float64Array;
  readonly startMicros: number;
  /** Whose window it is, and which: equal keys are one window. */
  readonly key: string;
  readonly source: string;
  /** Null: an analyst called it a false alarm. */
  readonly kind: AlertKind | null;
  readonly isWeak: boolean;
}

export interface WeighedExample extends SiteExample {
  readonly weight: number;
}

export interface SiteCounts {
  readonly weak: number;
  readonly strong: number;
  readonly negative: number;
  /** Called both an attack and none. */
  readonly contradicted: number;
  /** Sources and networks that were held to their cap. */
  readonly capped: number;
}

/** @param baseAttackWeight of all attacks in what is trained on besides */
export function weighExamples(
  examples: readonly SiteExample[],
  baseAttackWeight: number,
): { examples: WeighedExample[]; counts: SiteCounts } {
  const { kept, contradicted } = withoutContradictions(examples);
  const single: WeighedExample[] = kept.map((example) => ({
    ...example,
    weight: example.isWeak ? WEAK_WEIGHT : 1,
  }));
  const bySource = capGroups(single, ({ source }) => source, MAX_SOURCE_WEIGHT);
  const byNetwork = capGroups(
    bySource.examples,
    ({ source }) => networkOf(source),
    MAX_NETWORK_WEIGHT,
  );
  const weakWeight = sumOf(byNetwork.examples.filter(({ isWeak }) => isWeak));
  const weakFactor = Math.min(1, (MAX_WEAK_SHARE * baseAttackWeight) / Math.max(1e-9, weakWeight));
  const weighed = byNetwork.examples.map((example) =>
    example.isWeak ? { ...example, weight: example.weight * weakFactor } : example,
  );
  const count = (test: (example: WeighedExample) => boolean) => weighed.filter(test).length;
  return {
    examples: weighed,
    counts: {
      weak: count(({ isWeak }) => isWeak),
      strong: count(({ isWeak, kind }) => !isWeak && kind !== null),
      negative: count(({ kind }) => kind === null),
      contradicted,
      capped: bySource.capped + byNetwork.capped,
    },
  };
}

/** One of each window, an analyst's word before a lure's; none of those that are called both. */
function withoutContradictions(examples: readonly SiteExample[]) {
  const byKey = new Map<string, SiteExample[]>();
  for (const example of examples) {
    const others = byKey.get(example.key);
    if (others) others.push(example);
    else byKey.set(example.key, [example]);
  }
  const kept: SiteExample[] = [];
  let contradicted = 0;
  for (const same of byKey.values()) {
    const isBoth = same.some(({ kind }) => kind === null) && same.some(({ kind }) => kind !== null);
    const best = same.find(({ isWeak }) => !isWeak) ?? same[0];
    if (isBoth) contradicted++;
    else if (best) kept.push(best);
  }
  return { kept, contradicted };
}

function capGroups(
  examples: readonly WeighedExample[],
  groupOf: (example: WeighedExample) => string,
  cap: number,
) {
  const sums = new Map<string, number>();
  for (const example of examples)
    sums.set(groupOf(example), (sums.get(groupOf(example)) ?? 0) + example.weight);
  return {
    examples: examples.map((example) => {
      const sum = sums.get(groupOf(example)) ?? 0;
      return sum > cap ? { ...example, weight: (example.weight * cap) / sum } : example;
    }),
    capped: [...sums.values()].filter((sum) => sum > cap).length,
  };
}

/** Its /24, of IPv6 its /64: what one attacker easily has. */
function networkOf(source: string): string {
  const address = parseAddress(source);
  if (!address) return source;
  const hostBits = address.version === 4 ? 8n : 64n;
  return `${address.version} ${address.value >> hostBits}`;
}

function sumOf(examples: readonly WeighedExample[]): number {
  return examples.reduce((sum, { weight }) => sum + weight, 0);
}
