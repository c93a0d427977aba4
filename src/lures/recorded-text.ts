/** Text from a visitor as it is recorded: bounded, and without control characters, which a terminal or a database would take amiss. */

const MAX_CREDENTIAL = 256;
export const MAX_TEXT = 4096;

export function recordedCredential(text: string): string {
  return recordedText(text, MAX_CREDENTIAL);
}

/** At most `maxLength` characters; control characters but tab and line feed are written as `\xNN`. */
export function recordedText(text: string, maxLength = MAX_TEXT): string {
  let safe = '';
  for (const character of text.slice(0, maxLength)) {
    safe += isControl(character)
      ? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
      : character;
    if (safe.length >= maxLength) break;
  }
  return safe.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
}

function isControl(character: string): boolean {
  const code = character.charCodeAt(0);
  if (character === '\n' || character === '\t') return false;
  // Also half of a surrogate pair, which has no place in UTF-8.
  return (
    code < 0x20 ||
    (code >= 0x7f && code < 0xa0) ||
    (character.length === 1 && code >= 0xd800 && code < 0xe000)
  );
}
