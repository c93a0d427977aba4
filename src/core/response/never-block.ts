/**
 * Addresses that no decision may ever block: those below, always, and the networks it is built with (own
 * addresses, gateway, resolvers, the administrator's). What is not an address at all is protected too:
 * when in doubt nothing is blocked.
 */
import { parseAddress } from './address.ts';
import { CidrMap, formatCidr, parseCidr } from './cidr.ts';

export interface NeverBlockNetwork {
  readonly cidr: string;
  readonly reason: string;
}

/** Sources: IANA special-purpose registries; RFC 1122 §3.2.1.3, RFC 4291 §2.4. */
const ALWAYS_PROTECTED: readonly NeverBlockNetwork[] = [
  { cidr: '0.0.0.0/8', reason: 'unspecified address' },
  { cidr: '127.0.0.0/8', reason: 'loopback' },
  { cidr: '169.254.0.0/16', reason: 'link-local' },
  { cidr: '224.0.0.0/4', reason: 'multicast' },
  { cidr: '255.255.255.255/32', reason: 'broadcast' },
  { cidr: '::/128', reason: 'unspecified address' },
  { cidr: '::1/128', reason: 'loopback' },
  { cidr: 'fe80::/10', reason: 'link-local' },
  { cidr: 'ff00::/8', reason: 'multicast' },
];

export class NeverBlockList {
  readonly #reasons = new CidrMap<string>();
  readonly #networks = new Map<string, NeverBlockNetwork>();

  /** @throws RangeError naming the entry that is not a network. */
  constructor(networks: Iterable<NeverBlockNetwork>) {
    // The fixed ones last: they win over an entry for the same network.
    for (const entry of [...networks, ...ALWAYS_PROTECTED]) {
      const cidr = parseCidr(entry.cidr);
      if (!cidr)
        throw new RangeError(`Cannot protect ${entry.cidr}: it is not a network or address`);
      const canonical = formatCidr(cidr);
      this.#reasons.set(cidr, entry.reason);
      this.#networks.set(canonical, { cidr: canonical, reason: entry.reason });
    }
  }

  /** Why `ip` may not be blocked; null: it may. */
  reasonFor(ip: string): string | null {
    const address = parseAddress(ip);
    if (!address) return 'not an IP address';
    return this.#reasons.get(address) ?? null;
  }

  isProtected(ip: string): boolean {
    return this.reasonFor(ip) !== null;
  }

  /** Canonical, without duplicates. */
  networks(): NeverBlockNetwork[] {
    return [...this.#networks.values()];
  }
}
