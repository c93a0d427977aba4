/** The eight TCP flag bits as text and back: names in the contract's order, joined by comma. */

/** By bit, from FIN (1) to CWR (128): that is the contract's order. */
const NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const;
/** The letters that scapy and older senders write, `SA` for SYN and ACK. */
const LETTERS = 'FSRPAUEC';

const TEXTS = Array.from({ length: 256 }, (_, flags) =>
  NAMES.filter((_name, bit) => (flags & (1 << bit)) !== 0).join(','),
);

/** Names of the flags in the low eight bits, e.g. `SYN,ACK`; empty for none. */
export function flagNames(flags: number): string {
  return TEXTS[flags & 0xff]!;
}

/** The flag bits of `SYN,ACK`, of `SA` or of the empty text; -1 if `text` is none of these. */
export function parseFlagNames(text: string): number {
  if (text === '') return 0;
  const names = text.toUpperCase().split(/[\s,|]+/);
  const byName = union(names, (name) => NAMES.indexOf(name as (typeof NAMES)[number]));
  return byName >= 0 ? byName : union([...text.toUpperCase()], (char) => LETTERS.indexOf(char));
}

function union(parts: readonly string[], bitOf: (part: string) => number): number {
  let flags = 0;
  for (const part of parts) {
    const bit = bitOf(part);
    if (bit < 0) return -1;
    flags |= 1 << bit;
  }
  return flags;
}
