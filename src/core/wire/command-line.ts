/**
 * One line of a protocol of commands and replies (FTP, SMTP) as details: the command and what it is about.
 *
 * Only commands on a list are told, because a line that is none may be a password or a part of a log-in; and
 * only the arguments of those for which the list says so, which leaves out all credentials.
 */
import type { AppRow } from './app-row.ts';
import { DetailObject } from './detail-object.ts';
import { isCommandLine, readReplyCode } from './line-protocols.ts';
import type { Span } from './span.ts';

const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const TAB = 0x09;
const MAX_ARGUMENT_BYTES = 512;

/** Whether the command's argument is told. */
export type KnownCommands = ReadonlyMap<string, boolean>;

/** Commands told with their arguments, and commands told without. */
export function knownCommands(withArgument: string, withoutArgument: string): KnownCommands {
  return new Map([
    ...withArgument.split(' ').map((name) => [name, true] as const),
    ...withoutArgument.split(' ').map((name) => [name, false] as const),
  ]);
}

export class CommandLine {
  readonly #known: KnownCommands;
  readonly #detail = new DetailObject();

  constructor(known: KnownCommands) {
    this.#known = known;
  }

  /** Tells the command that the payload begins with; false if it begins with none, whether known or not. */
  readCommand({ bytes, start, end }: Span, row: AppRow): boolean {
    if (!isCommandLine(bytes, start, end)) return false;
    let wordEnd = start;
    while (bytes[wordEnd]! > SPACE) wordEnd++; // the word ends before `end`
    const command = row.text.read(bytes, start, wordEnd).toUpperCase();
    const hasArgument = this.#known.get(command);
    if (hasArgument === undefined) return true;
    const detail = this.#detail;
    detail.begin();
    detail.text('command', command);
    if (hasArgument) {
      const argument = argumentOf(bytes, wordEnd, end, row);
      if (argument !== '') detail.text('argument', argument);
    }
    detail.putInto(row);
    return true;
  }

  /** Puts the code of the reply that the payload begins with into the row; -1: it begins with none. */
  readReply({ bytes, start, end }: Span, row: AppRow): number {
    const code = readReplyCode(bytes, start, end);
    if (code < 0) return code;
    row.batch.appCode[row.row] = code;
    row.detail(`{"code":${code}}`);
    return code;
  }
}

/** What a segment of text begins with: the rest of a long reply, a line of a mail. */
export function isText(bytes: Uint8Array, start: number): boolean {
  const first = bytes[start]!;
  return (first >= SPACE && first < 0x7f) || first === CR || first === LF || first === TAB;
}

/** The rest of the line, without the blanks around it. */
function argumentOf(bytes: Uint8Array, start: number, end: number, row: AppRow): string {
  let from = start;
  while (from < end && bytes[from] === SPACE) from++;
  let to = from;
  while (to < end && bytes[to] !== CR && bytes[to] !== LF && to - from < MAX_ARGUMENT_BYTES) to++;
  return row.text.read(bytes, from, to);
}
