/**
 * The program that decides what enters the ring: own traffic out, then the user's filter.
 *
 * Whatever is left out is a blind spot, so own traffic is named exactly: TCP between two addresses on one
 * server port; between a host and itself only on the loopback, where no stranger's packet comes from. What
 * anyone else sends to that port is seen, and so are frames too short or too odd to be own ones.
 */
import { isIPv4 } from 'node:net';
import { parseIp } from '../core/wire/address.ts';
import { AppError } from '../errors.ts';
import {
  type FilterInstruction,
  JUMP_ANY_BIT,
  LOAD_BYTE,
  LOAD_HALF,
  LOAD_WORD,
  NETWORK,
} from './filter/bpf.ts';
import { all, any, type FilterNode, not, test } from './filter/filter-node.ts';
import { filterProgram } from './filter/filter-program.ts';
import { IPV4, IPV6, LOOPBACK, longerThan, TCP } from './filter/packet-tests.ts';
import { parseFilter } from './filter/parse-filter.ts';

export interface Conversation {
  /** Address text without a zone, both of the same IP version. */
  readonly client: string;
  readonly server: string;
  readonly serverPort: number;
}

export interface CaptureFilterOptions {
  /** Never captured. Past `MAX_CONVERSATIONS` they are captured all the same. */
  readonly exclude?: readonly Conversation[];
  /** Only what this says, in the language of `docs/capture-filter.md`; null: everything. */
  readonly expression?: string | null;
}

type Conversations = readonly [Conversation, ...Conversation[]];
type Words = readonly [number, ...number[]];

/** The kernel takes 4,096 instructions; a conversation needs at most 46. */
const MAX_CONVERSATIONS = 64;

/** Own traffic has no IP options: with them the ports would stand elsewhere. */
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;
const PORTS_BYTES = 4;
const ETHERNET_BYTES = 14;

/** Empty where everything is to be captured. @throws AppError `usage` where the expression is none. */
export function captureFilter({
  exclude = [],
  expression = null,
}: CaptureFilterOptions): FilterInstruction[] {
  const conversations = exclude.slice(0, MAX_CONVERSATIONS);
  const ipv4 = conversations.filter(({ client }) => isIPv4(client));
  const ipv6 = conversations.filter(({ client }) => !isIPv4(client));
  const [first, ...rest] = [
    ...(expression === null ? [] : [parseFilter(expression)]),
    ...(isSome(ipv4) ? [not(ownIpv4(ipv4))] : []),
    ...(isSome(ipv6) ? [not(ownIpv6(ipv6))] : []),
  ];
  return first ? filterProgram(all(first, ...rest)) : [];
}

function ownIpv4(conversations: Conversations): FilterNode {
  const enough = ETHERNET_BYTES + IPV4_HEADER_BYTES + PORTS_BYTES;
  return all(
    longerThan(enough - 1),
    IPV4,
    test(LOAD_BYTE, NETWORK, 0x45),
    test(LOAD_BYTE, NETWORK + 9, TCP),
    not(test(LOAD_HALF, NETWORK + 6, 0x1fff, { jump: JUMP_ANY_BIT })),
    anyOf(conversations, 12, IPV4_HEADER_BYTES),
  );
}

function ownIpv6(conversations: Conversations): FilterNode {
  const enough = ETHERNET_BYTES + IPV6_HEADER_BYTES + PORTS_BYTES;
  return all(
    longerThan(enough - 1),
    IPV6,
    test(LOAD_BYTE, NETWORK + 6, TCP),
    anyOf(conversations, 8, IPV6_HEADER_BYTES),
  );
}

function anyOf([first, ...rest]: Conversations, addressesAt: number, portsAt: number): FilterNode {
  return any(between(first), ...rest.map(between));

  function between({ client, server, serverPort }: Conversation): FilterNode {
    const there: Words = [...words(client), ...words(server)];
    const back: Words = [...words(server), ...words(client)];
    const ways = any(
      all(addresses(there), test(LOAD_HALF, NETWORK + portsAt + 2, serverPort)),
      all(addresses(back), test(LOAD_HALF, NETWORK + portsAt, serverPort)),
    );
    return client === server ? all(LOOPBACK, ways) : ways;
  }

  function addresses([head, ...tail]: Words): FilterNode {
    const is = (word: number, at: number) => test(LOAD_WORD, NETWORK + addressesAt + 4 * at, word);
    return all(is(head, 0), ...tail.map((word, at) => is(word, at + 1)));
  }
}

/** One word of IPv4, four of IPv6, in network order. */
function words(address: string): Words {
  const four = new Uint32Array(4);
  const version = parseIp(address, four, 0);
  if (version === 0) throw new AppError('usage', `Cannot leave out ${address}: it is no address`);
  const [a = 0, b = 0, c = 0, d = 0] = four;
  return version === 4 ? [d] : [a, b, c, d];
}

function isSome(conversations: readonly Conversation[]): conversations is Conversations {
  return conversations.length > 0;
}
