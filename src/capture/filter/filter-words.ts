/** The words of a filter expression with where they stand, so that errors can say it. */
import { AppError } from '../../errors.ts';

export interface Word {
  readonly text: string;
  /** Column of its first character, from 1. */
  readonly at: number;
}

/** Longer than any expression a person writes; bounds the work for those a program writes. */
const MAX_CHARACTERS = 16_384;

const WORD = /\s*(?:(\(|\)|!|&&|\|\||[^\s()!&|]+)|$)/y;
const SIGNS: Readonly<Record<string, string>> = { '!': 'not', '&&': 'and', '||': 'or' };

/** `!`, `&&` and `||` come as the words they stand for. @throws AppError `usage` */
export function filterWords(expression: string): Word[] {
  if (expression.length > MAX_CHARACTERS) {
    throw new AppError(
      'usage',
      `Cannot use the capture filter: it has ${expression.length} characters, more than ${MAX_CHARACTERS}`,
    );
  }
  const words: Word[] = [];
  WORD.lastIndex = 0;
  let end = 0;
  while (end < expression.length) {
    const match = WORD.exec(expression);
    if (!match) {
      const at = end + (/\S/.exec(expression.slice(end))?.index ?? 0);
      throw wordError({ text: expression[at] ?? '', at: at + 1 }, 'is no sign of the language');
    }
    end = WORD.lastIndex;
    const [, text] = match;
    if (text === undefined) break;
    words.push({ text: SIGNS[text] ?? text, at: end - text.length + 1 });
  }
  return words;
}

export function wordError({ text, at }: Word, what: string): AppError {
  const name = text === '' ? 'its end' : JSON.stringify(text);
  return new AppError('usage', `Cannot use the capture filter: ${name} at character ${at} ${what}`);
}
