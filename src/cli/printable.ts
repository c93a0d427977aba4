/** What a stranger sent must not reach the terminal as control characters, nor turn a line around. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\u00b7');
}
