/** Tests of a packet's addresses: IPv4, IPv6, Ethernet; for ARP those it speaks of. As libpcap means them. */
import { LOAD_HALF, LOAD_WORD, NETWORK } from './bpf.ts';
import { all, any, type FilterNode, test } from './filter-node.ts';
import { ARP, type Direction, directed, ETHERNET, IPV4, IPV6, RARP } from './packet-tests.ts';

export interface Network {
  readonly version: 4 | 6;
  /** One word of IPv4, four of IPv6, in network order. */
  readonly words: readonly number[];
  readonly prefixBits: number;
}

/** The layer an address is looked for in; `any`: IPv4 and ARP, or IPv6. */
export type AddressLayer = 'any' | 'ip' | 'ip6' | 'arp' | 'rarp';

const WORD_BITS = 32;

export function ipAddress(network: Network, direction: Direction, layer: AddressLayer): FilterNode {
  if (network.version === 6) return all(IPV6, ...inNetwork(network, direction, 8, 24));
  const ipv4 = all(IPV4, ...inNetwork(network, direction, 12, 16));
  const claims = inNetwork(network, direction, 14, 24);
  if (layer === 'ip') return ipv4;
  if (layer === 'arp') return all(ARP, ...claims);
  if (layer === 'rarp') return all(RARP, ...claims);
  return any(ipv4, all(any(ARP, RARP), ...claims));
}

/** Nothing to test where the network is all addresses. */
function inNetwork(
  { words, prefixBits }: Network,
  direction: Direction,
  srcAt: number,
  dstAt: number,
): FilterNode[] {
  const count = Math.ceil(prefixBits / WORD_BITS);
  const from = (at: number): FilterNode[] =>
    words.slice(0, count).map((word, index) => {
      const bits = prefixBits - WORD_BITS * index;
      const mask = bits >= WORD_BITS ? null : maskOf(bits);
      return test(LOAD_WORD, NETWORK + at + 4 * index, word, { mask });
    });
  const [[src, ...moreOfSrc], [dst, ...moreOfDst]] = [from(srcAt), from(dstAt)];
  return src && dst ? [directed(direction, all(src, ...moreOfSrc), all(dst, ...moreOfDst))] : [];
}

/** The upper `bits` of a word: none below 1, all from 32 on. */
export function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= WORD_BITS ? 0xffff_ffff : (0xffff_ffff << (WORD_BITS - bits)) >>> 0;
}

/** @param address a 48-bit integer */
export function etherAddress(address: number, direction: Direction): FilterNode {
  const at = (offset: number) =>
    all(
      test(LOAD_WORD, offset + 2, address % 0x1_0000_0000),
      test(LOAD_HALF, offset, Math.floor(address / 0x1_0000_0000)),
    );
  return all(ETHERNET, directed(direction, at(6), at(0)));
}
