/**
 * IP addresses as numbers, so that networks can be compared by masks. One address has one value here: an IPv4
 * address mapped into IPv6 (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is that IPv4 address, or a never-block
 * list could be walked around by spelling.
 */

export interface Address {
  readonly version: 4 | 6;
  readonly value: bigint;
}

const GROUP_BITS = 16n;
const GROUPS = 8;
const V4_MAPPED = 0xffffn;
const V4_BITS = 32n;
const V4_MASK = 0xffff_ffffn;
/** The longest text of an address: IPv6 with an IPv4 tail. */
const MAX_TEXT = 45;

/** Null if `text` is not an address. A zone (`%eth0`) is not part of an address; nor are leading zeros in IPv4. */
export function parseAddress(text: string): Address | null {
  const raw = parseUnmapped(text);
  if (raw?.version !== 6 || raw.value >> V4_BITS !== V4_MAPPED) return raw;
  return { version: 4, value: raw.value & V4_MASK };
}

/** As `parseAddress`, but IPv4 mapped into IPv6 stays IPv6. */
export function parseUnmapped(text: string): Address | null {
  if (text.length > MAX_TEXT) return null;
  const value = text.includes(':') ? parseV6(text) : parseV4(text);
  if (value === null) return null;
  return { version: text.includes(':') ? 6 : 4, value };
}

/** The one text of an address (RFC 5952); null if `text` is not an address. */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text);
  return address && formatAddress(address);
}

export function formatAddress(address: Address): string {
  if (address.version === 4) {
    return [24n, 16n, 8n, 0n].map((shift) => String((address.value >> shift) & 0xffn)).join('.');
  }
  const groups: string[] = [];
  for (let group = GROUPS - 1; group >= 0; group--) {
    groups.push(((address.value >> (GROUP_BITS * BigInt(group))) & 0xffffn).toString(16));
  }
  const gap = longestZeroRun(groups);
  if (!gap) return groups.join(':');
  return `${groups.slice(0, gap.start).join(':')}::${groups.slice(gap.start + gap.length).join(':')}`;
}

function parseV4(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return null;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (!head || !tail) return null;
  const missing = GROUPS - head.length - tail.length;
  // `::` stands for at least one group (RFC 4291 §2.2).
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<bigint>(missing).fill(0n), ...tail];
  return groups.reduce((value, group) => (value << GROUP_BITS) | group, 0n);
}

/** The groups of one side of `::`. Only the last side may end in dotted IPv4. */
function parseGroups(text: string, mayEndInV4: boolean): bigint[] | null {
  if (text === '') return [];
  const groups: bigint[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndInV4 && index === parts.length - 1 && part.includes('.')) {
      const tail = parseV4(part);
      if (tail === null) return null;
      groups.push(tail >> GROUP_BITS, tail & 0xffffn);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return null;
  }
  return groups;
}

/** The longest run of two or more zero groups, the first of equals (RFC 5952 §4.2). */
function longestZeroRun(groups: readonly string[]): { start: number; length: number } | null {
  let best: { start: number; length: number } | null = null;
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === '0') continue;
    const length = index - start;
    if (length >= 2 && length > (best?.length ?? 1)) best = { start, length };
    start = index + 1;
  }
  return best;
}
