/**
 * Attackers write into our tables: names, passwords, commands, request lines. Characters that would
 * act instead of show (controls, escapes, bidirectional overrides, zero widths) become visible marks.
 */

export interface TextPart {
  /** What to show. */
  readonly text: string;
  /** The code points it stands for (`U+001B`), where it is a mark; null for plain text. */
  readonly mark: string | null;
}

/** Code points that act instead of showing, as inclusive ranges in ascending order. */
const ACTING: readonly (readonly [first: number, last: number])[] = [
  [0x00, 0x1f], // C0
  [0x7f, 0x9f], // DEL and C1
  [0xad, 0xad], // soft hyphen
  [0x61c, 0x61c], // Arabic letter mark
  [0x180e, 0x180e], // Mongolian vowel separator
  [0x200b, 0x200f], // zero widths and direction marks
  [0x2028, 0x202e], // separators, embeddings and overrides
  [0x2060, 0x206f], // word joiner, isolates
  [0xd800, 0xdfff], // lone surrogates
  [0xfeff, 0xfeff], // byte order mark
  [0xfff9, 0xfffb], // interlinear annotation
  [0xe0000, 0xe007f], // tags
];

/** The escapes that everybody reads at once. */
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Splits text into what is plain and what must be marked, cut at `limit` characters. */
export function visibleParts(text: string, limit = 4000): TextPart[] {
  const parts: TextPart[] = [];
  let plain = '';
  for (const character of text.length > limit ? text.slice(0, limit) : text) {
    if (!isActing(character.codePointAt(0) ?? 0)) {
      plain += character;
      continue;
    }
    if (plain) parts.push({ text: plain, mark: null });
    plain = '';
    parts.push(mark(character));
  }
  if (plain) parts.push({ text: plain, mark: null });
  if (text.length > limit)
    parts.push({ text: `… ${text.length - limit} more characters`, mark: 'cut here' });
  return parts;
}

function isActing(code: number): boolean {
  return ACTING.some(([first, last]) => code >= first && code <= last);
}

function mark(character: string): TextPart {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return {
    text: SHORT[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`),
    mark: `U+${hex.toUpperCase().padStart(4, '0')}`,
  };
}
