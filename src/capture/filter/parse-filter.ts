/**
 * The filter language, a subset of tcpdump's with its meaning; `docs/capture-filter.md` describes it.
 *
 *   expression  primary (and|or primary)*        of equal strength, from left to right, as in tcpdump
 *   primary     not primary | ( expression ) | primitive
 *   primitive   [protocol] [src|dst] [kind] value, a protocol alone, vlan [id], less N, greater N
 *
 * A value alone after `and` and `or` takes the qualifiers of the one before it: `port 80 or 443`.
 */
import { AppError } from '../../errors.ts';
import { all, any, type FilterNode, not } from './filter-node.ts';
import { numberOf } from './filter-values.ts';
import { filterWords, type Word, wordError } from './filter-words.ts';
import {
  ARP,
  IPV4,
  IPV6,
  ipProtocol,
  ipv4Protocol,
  ipv6Protocol,
  longerThan,
  RARP,
  SCTP,
  TCP,
  UDP,
  vlan,
} from './packet-tests.ts';
import { type Qualifiers, valueTest } from './qualified-value.ts';

/** Parentheses and `not` within each other: a person needs a handful. */
const MAX_DEPTH = 64;

const ALONE: Readonly<Record<string, FilterNode>> = {
  ip: IPV4,
  ip6: IPV6,
  arp: ARP,
  rarp: RARP,
  tcp: ipProtocol(TCP),
  udp: ipProtocol(UDP),
  sctp: ipProtocol(SCTP),
  icmp: ipv4Protocol(1),
  icmp6: ipv6Protocol(58),
};
const PROTOCOLS: ReadonlySet<string> = new Set([...Object.keys(ALONE), 'ether']);
const KINDS: ReadonlySet<string> = new Set(['host', 'net', 'port', 'portrange', 'proto']);
const RESERVED: ReadonlySet<string> = new Set([
  ...PROTOCOLS,
  ...KINDS,
  ...['src', 'dst', 'vlan', 'less', 'greater', 'and', 'or', 'not', '(', ')'],
]);
const MAX_VLAN = 4095;
const MAX_LENGTH = 0xffff_ffff;

/** @throws AppError `usage` naming the word that is wrong and where it stands. */
export function parseFilter(expression: string): FilterNode {
  const words = filterWords(expression);
  /** Where an error stands that is about words that are missing. */
  const end: Word = { text: '', at: expression.length + 1 };
  let next = 0;
  let last: Qualifiers | null = null;
  if (words.length === 0) throw new AppError('usage', 'Cannot use the capture filter: it is empty');
  const node = readExpression(0);
  const stray = words[next];
  if (stray)
    throw wordError(
      stray,
      stray.text === ')' ? 'closes nothing' : 'comes without and or or before it',
    );
  return node;

  function readExpression(depth: number): FilterNode {
    let left = readPrimary(depth);
    let joined: 'and' | 'or' | null = null;
    let parts: [FilterNode, ...FilterNode[]] = [left];
    for (;;) {
      const word = peek();
      if (word?.text !== 'and' && word?.text !== 'or') return left;
      next++;
      // One list for a run of the same word, so that a long run is no deep tree.
      if (word.text !== joined) parts = [left];
      joined = word.text;
      parts = [...parts, readPrimary(depth)];
      left = joined === 'and' ? all(...parts) : any(...parts);
    }
  }

  function readPrimary(depth: number): FilterNode {
    const word = peek();
    if (word && depth > MAX_DEPTH) throw wordError(word, `is nested deeper than ${MAX_DEPTH}`);
    if (word?.text === 'not') {
      next++;
      return not(readPrimary(depth + 1));
    }
    if (word?.text !== '(') return readPrimitive();
    next++;
    const node = readExpression(depth + 1);
    if (peek()?.text !== ')')
      throw wordError(
        peek() ?? end,
        `stands where ")" should: "(" at character ${word.at} is open`,
      );
    next++;
    return node;
  }

  function readPrimitive(): FilterNode {
    const word = take('an expression');
    const previous = last;
    last = null;
    if (word.text === 'vlan') {
      const id = peek();
      if (id === undefined || RESERVED.has(id.text)) return vlan(null);
      next++;
      return vlan(numberOf(id, 'VLAN id', MAX_VLAN));
    }
    if (word.text === 'less') return not(longerThan(readLength()));
    if (word.text === 'greater') {
      const length = readLength();
      // Every packet has at least none.
      return length === 0 ? any(longerThan(0), not(longerThan(0))) : longerThan(length - 1);
    }
    if (!RESERVED.has(word.text)) {
      if (!previous) throw wordError(word, 'is no word of the language');
      last = previous;
      return valueTest(previous, word);
    }
    next--;
    return readQualified();
  }

  function readLength(): number {
    return numberOf(take('a number'), 'length', MAX_LENGTH);
  }

  function readQualified(): FilterNode {
    const first = take('an expression');
    next--;
    const protocol = readOne(PROTOCOLS);
    const direction = readDirection();
    const kind = readOne(KINDS);
    const alone = protocol && !direction && !kind ? ALONE[protocol.text] : undefined;
    if (alone) return alone;
    if (!kind && !direction)
      throw wordError(
        protocol ?? first,
        protocol ? 'needs host, proto, src or dst after it' : 'cannot begin an expression',
      );
    last = {
      protocol,
      direction: direction ?? 'either',
      hasDirection: direction !== null,
      kind: kind?.text ?? 'host',
      at: kind ?? first,
    };
    return valueTest(last, take('a value'));
  }

  function readDirection(): Qualifiers['direction'] | null {
    const [first, joint, second] = words.slice(next, next + 3).map(({ text }) => text);
    if (first !== 'src' && first !== 'dst') return null;
    const other = first === 'src' ? 'dst' : 'src';
    if ((joint === 'or' || joint === 'and') && second === other) {
      next += 3;
      return joint === 'or' ? 'either' : 'both';
    }
    next++;
    return first;
  }

  function readOne(of: ReadonlySet<string>): Word | null {
    const word = peek();
    if (!word || !of.has(word.text)) return null;
    next++;
    return word;
  }

  function peek(): Word | undefined {
    return words[next];
  }

  function take(what: string): Word {
    const word = words[next++];
    if (!word) throw wordError(end, `stands where ${what} should`);
    return word;
  }
}
