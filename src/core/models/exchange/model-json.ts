/**
 * JSON as XGBoost writes it, with NaN and Infinity bare: null and infinite numbers. Throws `model_incompatible` for all else,
 * and for what would take far more memory than its bytes: `JSON.parse` makes an object of every two of them.
 */
import { refused } from './tree-table.ts';

const MAX_NESTING = 64;
/** Lists and objects. */
const MAX_CONTAINERS = 4_000_000;
/** What is of interest outside of texts. */
const TOKEN = /["[{\]}]|NaN|-?Infinity/g;
/** `1e999` is the JSON for it. */
const BARE: Readonly<Record<string, string>> = {
  NaN: 'null',
  Infinity: '1e999',
  '-Infinity': '-1e999',
};

export function parseModelJson(text: string): unknown {
  try {
    return JSON.parse(withoutBareWords(text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw refused('its JSON is damaged, or ends too early');
  }
}

function withoutBareWords(text: string): string {
  const token = new RegExp(TOKEN);
  const pieces: string[] = [];
  let copied = 0;
  let depth = 0;
  let containers = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [word] = found;
    const bare = BARE[word];
    if (bare !== undefined) {
      pieces.push(text.slice(copied, found.index), bare);
      copied = token.lastIndex;
    } else if (word === '"') token.lastIndex = endOfText(text, token.lastIndex);
    else if (word === ']' || word === '}') depth--;
    else {
      if (++depth > MAX_NESTING) throw refused(`it is nested deeper than ${MAX_NESTING}`);
      if (++containers > MAX_CONTAINERS)
        throw refused(`it has more than ${MAX_CONTAINERS} lists and objects`);
    }
  }
  return copied === 0 ? text : pieces.join('') + text.slice(copied);
}

/** Behind the quotation mark that closes what begins at `at`. */
function endOfText(text: string, at: number): number {
  for (let end = text.indexOf('"', at); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text[end - 1 - slashes] === '\\' && end - 1 - slashes >= at) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return text.length;
}
