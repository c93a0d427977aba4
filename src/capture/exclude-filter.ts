/**
 * A classic BPF program that keeps given TCP conversations out of the ring, so that a sensor does
 * not capture its own shipping. Only packets between exactly these two hosts and this server port are
 * left out: what anyone else sends to that port is seen. Source: linux/filter.h.
 */
import { isIPv4 } from 'node:net';
import type { FilterInstruction } from './af-packet-socket.ts';

export interface Conversation {
  /** Address text without a zone, both of the same IP version. */
  readonly client: string;
  readonly server: string;
  readonly serverPort: number;
}

/** The kernel takes 4,096 instructions; a conversation needs at most 46. */
const MAX_CONVERSATIONS = 64;

const LOAD_WORD = 0x20;
const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_HALF_BEHIND_X = 0x48;
const LOAD_X_HEADER_LENGTH = 0xb1;
const JUMP_EQUAL = 0x15;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;

/** Offsets from here count from the network header, whatever the link layer is. */
const NETWORK = 0xfff0_0000;
const ETHER_TYPE = 0xffff_f000;
const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const TCP = 6;
const DROP: FilterInstruction = [RETURN, 0, 0, 0];
const KEEP: FilterInstruction = [RETURN, 0, 0, 0xffff_ffff];

type Check = readonly [load: number, offset: number, value: number];

/** Empty where there is nothing to leave out. Conversations past `MAX_CONVERSATIONS` are captured. */
export function excludeFilter(conversations: readonly Conversation[]): FilterInstruction[] {
  const drops = conversations.slice(0, MAX_CONVERSATIONS).flatMap((conversation) => {
    const checks = isIPv4(conversation.client) ? ipv4Checks : ipv6Checks;
    return [...dropWhere(checks(conversation, false)), ...dropWhere(checks(conversation, true))];
  });
  return drops.length === 0 ? [] : [...drops, KEEP];
}

/** Drops the packet where every check holds, else goes on behind. */
function dropWhere(checks: readonly (Check | FilterInstruction)[]): FilterInstruction[] {
  const steps = checks.flatMap((check): FilterInstruction[] =>
    check.length === 3
      ? [
          [check[0], 0, 0, check[1]],
          [JUMP_EQUAL, 0, 0, check[2]],
        ]
      : [check],
  );
  const end = steps.length + 1;
  const aimed = steps.map(([code, jt, jf, k], index): FilterInstruction => {
    if (code === JUMP_EQUAL) return [code, jt, end - index - 1, k];
    return code === JUMP_ANY_BIT ? [code, end - index - 1, jf, k] : [code, jt, jf, k];
  });
  return [...aimed, DROP];
}

function ipv4Checks(
  { client, server, serverPort }: Conversation,
  isAnswer: boolean,
): (Check | FilterInstruction)[] {
  const [from, to] = isAnswer ? [server, client] : [client, server];
  return [
    [LOAD_HALF, ETHER_TYPE, IPV4],
    [LOAD_BYTE, NETWORK + 9, TCP],
    [LOAD_WORD, NETWORK + 12, addressWords(from)[0] ?? 0],
    [LOAD_WORD, NETWORK + 16, addressWords(to)[0] ?? 0],
    // A later fragment has no ports.
    [LOAD_HALF, 0, 0, NETWORK + 6],
    [JUMP_ANY_BIT, 0, 0, 0x1fff],
    [LOAD_X_HEADER_LENGTH, 0, 0, NETWORK],
    [LOAD_HALF_BEHIND_X, NETWORK + (isAnswer ? 0 : 2), serverPort],
  ];
}

function ipv6Checks(
  { client, server, serverPort }: Conversation,
  isAnswer: boolean,
): (Check | FilterInstruction)[] {
  const [from, to] = isAnswer ? [server, client] : [client, server];
  const words = [...addressWords(from), ...addressWords(to)];
  return [
    [LOAD_HALF, ETHER_TYPE, IPV6],
    [LOAD_BYTE, NETWORK + 6, TCP],
    ...words.map((word, index): Check => [LOAD_WORD, NETWORK + 8 + 4 * index, word]),
    [LOAD_HALF, NETWORK + 40 + (isAnswer ? 0 : 2), serverPort],
  ];
}

/** One word of IPv4, four of IPv6, in network order. */
function addressWords(address: string): number[] {
  if (isIPv4(address))
    return [address.split('.').reduce((word, part) => word * 256 + Number(part), 0)];
  const dotted = /:(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const tail = dotted?.slice(1).map(Number) ?? [];
  const hex = (high = 0, low = 0) => (high * 256 + low).toString(16);
  const text = dotted
    ? `${address.slice(0, dotted.index)}:${hex(tail[0], tail[1])}:${hex(tail[2], tail[3])}`
    : address;
  const [head = '', rest] = text.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = rest ? rest.split(':') : [];
  const zeros = rest === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right].map((part) =>
    parseInt(part, 16),
  );
  return [0, 2, 4, 6].map((at) => (groups[at] ?? 0) * 65_536 + (groups[at + 1] ?? 0));
}
