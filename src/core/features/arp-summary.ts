/** What a window's ARP claims come to, row by row, at its close. */
import type { DistinctCounts } from './distinct-counts.ts';
import type { WindowCounts } from './window-counts.ts';

export interface ArpClaims {
  /** Most MACs that claimed one address. */
  readonly mostMacs: number;
  /** MACs that claimed more than one address. */
  readonly sharedMacs: number;
}

const NO_CLAIMS: ArpClaims = { mostMacs: 0, sharedMacs: 0 };

/** By row; rows without claims are absent. */
export class ArpSummary {
  readonly #claims = new Map<
    number,
    { macs: Map<number, number>; addresses: Map<number, number> }
  >();

  fill(distinct: DistinctCounts, rows: WindowCounts): void {
    this.#claims.clear();
    distinct.forEachArpPair(rows, (row, address, macHigh, macLow) => {
      let claims = this.#claims.get(row);
      if (!claims) {
        claims = { macs: new Map(), addresses: new Map() };
        this.#claims.set(row, claims);
      }
      const mac = macHigh * 0x100000000 + macLow;
      claims.macs.set(address, (claims.macs.get(address) ?? 0) + 1);
      claims.addresses.set(mac, (claims.addresses.get(mac) ?? 0) + 1);
    });
  }

  of(row: number): ArpClaims {
    const claims = this.#claims.get(row);
    if (!claims) return NO_CLAIMS;
    let sharedMacs = 0;
    for (const addresses of claims.addresses.values()) if (addresses > 1) sharedMacs++;
    let mostMacs = 0;
    for (const macs of claims.macs.values()) mostMacs = Math.max(mostMacs, macs);
    return { mostMacs, sharedMacs };
  }
}
