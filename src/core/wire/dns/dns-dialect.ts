/** Where the three protocols that share DNS messages differ: unicast DNS (RFC 1035), mDNS (RFC 6762) and LLMNR (RFC 4795). */

export interface DnsDialect {
  /** Names of the header's flags from 0x0400 down to 0x0010; '': not used. */
  readonly flagNames: readonly string[];
  /** Bits of a class that tell the class. */
  readonly classMask: number;
}

export const UNICAST: DnsDialect = {
  flagNames: ['AA', 'TC', 'RD', 'RA', '', 'AD', 'CD'],
  classMask: 0xffff,
};

/** RFC 6762 §18.12 and §18.13: the highest bit of a class asks for a unicast answer, or to flush caches. */
export const MULTICAST: DnsDialect = { flagNames: ['AA', 'TC'], classMask: 0x7fff };

/** RFC 4795 §2.1.1: conflict, truncated, tentative. */
export const LINK_LOCAL: DnsDialect = { flagNames: ['C', 'TC', 'T'], classMask: 0xffff };
