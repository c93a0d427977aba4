/**
 * What a filter can ask of a packet, as libpcap means it: protocols, ports, VLANs, lengths. One VLAN tag
 * is looked through: the kernel takes it out of the frame before a filter sees it.
 * Source: pcap-filter(7); RFC 791, RFC 8200.
 */
import {
  ETHER_TYPE,
  HARDWARE_TYPE,
  JUMP_ANY_BIT,
  JUMP_AT_LEAST,
  JUMP_EQUAL,
  JUMP_GREATER,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_HALF_BEHIND_X,
  LOAD_LENGTH,
  LOAD_X_HEADER_LENGTH,
  NETWORK,
  VLAN_TAG,
  VLAN_TAG_PRESENT,
} from './bpf.ts';
import { all, any, type FilterNode, not, test } from './filter-node.ts';

export type Direction = 'src' | 'dst' | 'either' | 'both';

export const IPV4: FilterNode = etherType(0x0800);
export const IPV6: FilterNode = etherType(0x86dd);
export const ARP: FilterNode = etherType(0x0806);
export const RARP: FilterNode = etherType(0x8035);

const ARPHRD_ETHER = 1;
const ARPHRD_LOOPBACK = 772;
export const LOOPBACK: FilterNode = test(LOAD_HALF, HARDWARE_TYPE, ARPHRD_LOOPBACK);
/** The frame begins with an Ethernet header. */
export const ETHERNET: FilterNode = any(test(LOAD_HALF, HARDWARE_TYPE, ARPHRD_ETHER), LOOPBACK);

const IPV6_FRAGMENT = 44;
export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;
export const TRANSPORTS: readonly [number, ...number[]] = [TCP, UDP, SCTP];

/** The kernel has taken a tag out of the frame. */
const IS_TAG_BESIDE: FilterNode = not(test(LOAD_BYTE, VLAN_TAG_PRESENT, 0));
const VLAN_ID_BITS = 0xfff;
const VLAN_TAG_BYTES = 4;
/** C-tag, S-tag, and the number that came before the S-tag's. */
const VLAN_TYPES = [0x8100, 0x88a8, 0x9100] as const;

export function etherType(type: number): FilterNode {
  return test(LOAD_HALF, ETHER_TYPE, type);
}

/** An IPv4 packet with this protocol number. */
export function ipv4Protocol(protocol: number): FilterNode {
  return all(IPV4, test(LOAD_BYTE, NETWORK + 9, protocol));
}

/** An IPv6 packet with this next header, or a fragment of one. Other extension headers are not followed. */
export function ipv6Protocol(protocol: number): FilterNode {
  const nextHeader = (value: number) => test(LOAD_BYTE, NETWORK + 6, value);
  const behindFragment = all(nextHeader(IPV6_FRAGMENT), test(LOAD_BYTE, NETWORK + 40, protocol));
  return all(IPV6, any(nextHeader(protocol), behindFragment));
}

export function ipProtocol(protocol: number): FilterNode {
  return any(ipv4Protocol(protocol), ipv6Protocol(protocol));
}

/** Ports `low` to `high` of these transports. An IPv4 fragment but the first has none, nor has IPv6 behind extension headers. */
export function ports(
  low: number,
  high: number,
  direction: Direction,
  transports: readonly [number, ...number[]],
): FilterNode {
  const [first, ...rest] = transports;
  const protocols = (at: number) => {
    const is = (protocol: number) => test(LOAD_BYTE, at, protocol);
    return any(is(first), ...rest.map(is));
  };
  const isLaterFragment = test(LOAD_HALF, NETWORK + 6, 0x1fff, { jump: JUMP_ANY_BIT });
  const ipv4 = (offset: number) => portWithin(low, high, offset, 'behind the header');
  const ipv6 = (offset: number) => portWithin(low, high, 40 + offset, 'fixed');
  return any(
    all(IPV4, protocols(NETWORK + 9), not(isLaterFragment), directed(direction, ipv4(0), ipv4(2))),
    all(IPV6, protocols(NETWORK + 6), directed(direction, ipv6(0), ipv6(2))),
  );
}

function portWithin(
  low: number,
  high: number,
  offset: number,
  place: 'behind the header' | 'fixed',
): FilterNode {
  const is = (jump: number, value: number): FilterNode =>
    place === 'fixed'
      ? test(LOAD_HALF, NETWORK + offset, value, { jump })
      : {
          kind: 'test',
          loads: [
            [LOAD_X_HEADER_LENGTH, 0, 0, NETWORK],
            [LOAD_HALF_BEHIND_X, 0, 0, NETWORK + offset],
          ],
          jump,
          value,
        };
  if (low === high) return is(JUMP_EQUAL, low);
  return all(is(JUMP_AT_LEAST, low), not(is(JUMP_GREATER, high)));
}

/** Tagged; with this id where one is given. The tag is beside the frame or, where the kernel left it, in it. */
export function vlan(id: number | null): FilterNode {
  const [first, ...rest] = VLAN_TYPES;
  const isInside = any(etherType(first), ...rest.map(etherType));
  if (id === null) return any(IS_TAG_BESIDE, isInside);
  const mask = VLAN_ID_BITS;
  return any(
    all(IS_TAG_BESIDE, test(LOAD_HALF, VLAN_TAG, id, { mask })),
    all(not(IS_TAG_BESIDE), isInside, test(LOAD_HALF, 14, id, { mask })),
  );
}

/** More than so many bytes on the wire, the VLAN tag among them. */
export function longerThan(bytes: number): FilterNode {
  const left = (length: number): FilterNode => ({
    kind: 'test',
    loads: [[LOAD_LENGTH, 0, 0, 0]],
    jump: JUMP_GREATER,
    value: Math.max(0, length),
  });
  return any(left(bytes), all(IS_TAG_BESIDE, left(bytes - VLAN_TAG_BYTES)));
}

export function directed(direction: Direction, src: FilterNode, dst: FilterNode): FilterNode {
  if (direction === 'src') return src;
  if (direction === 'dst') return dst;
  return direction === 'either' ? any(src, dst) : all(src, dst);
}
