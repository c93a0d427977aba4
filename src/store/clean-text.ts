/** Text that PostgreSQL takes, from text that attackers chose: no NUL and no half of a surrogate pair. */

const UNFIT = /[\0\ud800-\udfff]/gu;

export function cleanText(value: string): string {
  return value.replace(UNFIT, '\ufffd');
}

export function cleanTextOrNull(value: string | null): string | null {
  return value === null ? null : cleanText(value);
}

/** JSON whose texts, at any depth, are clean: jsonb refuses what text refuses. */
export function cleanJson(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (typeof part === 'string' ? cleanText(part) : part));
}
