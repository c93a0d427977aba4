/**
 * Zeek's `history` of a connection, letter by letter: upper case from the originator. A D I Q stand
 * once per side; S H F R again when the sequence number is a new one; T W G at the 1st, 10th, 100th
 * … time. `^` in front: the roles were found to be the other way round.
 */

import { TcpFlag } from '../wire/tcp.ts';
import { type FlowColumns, HISTORY_BYTES } from './flow-columns.ts';

const Seen = { SYN: 1, FIN: 2, RST: 4, DATA: 8, ACK: 16, FIN_RST: 32, MULTI: 64 } as const;

const LOWER_CASE = 32;

/** Adds what the flags of one segment say. */
export function noteSegment(
  flows: FlowColumns,
  side: number,
  flags: number,
  seq: number,
  payloadBytes: number,
): void {
  const control = flags & (TcpFlag.SYN | TcpFlag.FIN | TcpFlag.RST);
  switch (control) {
    case 0:
      if (payloadBytes > 0) noteOnce(flows, side, Seen.DATA, 'D');
      else if (flags & TcpFlag.ACK) noteOnce(flows, side, Seen.ACK, 'A');
      return;
    case TcpFlag.SYN:
      noteSequence(flows, side, Seen.SYN, flags & TcpFlag.ACK ? 'H' : 'S', flows.historySyn, seq);
      return;
    case TcpFlag.FIN:
      noteSequence(flows, side, Seen.FIN, 'F', flows.historyFin, (seq + payloadBytes) >>> 0);
      return;
    case TcpFlag.RST:
      noteSequence(flows, side, Seen.RST, 'R', flows.historyRst, seq);
      return;
    default:
      if ((control & (TcpFlag.FIN | TcpFlag.RST)) === (TcpFlag.FIN | TcpFlag.RST))
        noteOnce(flows, side, Seen.FIN_RST, 'I');
      else noteOnce(flows, side, Seen.MULTI, 'Q');
  }
}

/** A datagram counts as data, whatever its length. */
export function noteDatagram(flows: FlowColumns, side: number): void {
  noteOnce(flows, side, Seen.DATA, 'D');
}

/** Counts one more and writes the letter at 1, 10, 100 … */
export function noteScaled(
  flows: FlowColumns,
  side: number,
  letter: 'T' | 'W' | 'G',
  counts: Uint16Array,
): void {
  const count = counts[side]! + 1;
  if (count > 0xffff) return;
  counts[side] = count;
  if (count === 1 || count === 10 || count === 100 || count === 1000 || count === 10_000)
    append(flows, side, letter);
}

/** The sides were exchanged: so are the cases of the letters. */
export function flipHistory(flows: FlowColumns, slot: number): void {
  const start = slot * HISTORY_BYTES;
  const length = Math.min(flows.historyLength[slot]!, HISTORY_BYTES - 1);
  for (let i = length; i > 0; i--) {
    const letter = flows.history[start + i - 1]!;
    flows.history[start + i] = letter === CARET ? letter : letter ^ LOWER_CASE;
  }
  flows.history[start] = CARET;
  flows.historyLength[slot] = length + 1;
}

export function historyText(flows: FlowColumns, slot: number): string {
  const start = slot * HISTORY_BYTES;
  const end = start + flows.historyLength[slot]!;
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ flows.history[i]!, 0x01000193);
  const place = (hash ^ (hash >>> 15)) & (KEPT_TEXTS - 1);
  const kept = keptTexts[place]!;
  if (isText(flows.history, start, end, kept)) return kept;
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(flows.history[i]!);
  keptTexts[place] = text;
  return text;
}

/** The latest texts: a few dozen histories are nearly all there are. A power of two. */
const KEPT_TEXTS = 256;
const keptTexts = new Array<string>(KEPT_TEXTS).fill('');

function isText(letters: Uint8Array, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (letters[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

const CARET = 0x5e;

function noteOnce(flows: FlowColumns, side: number, bit: number, letter: string): void {
  if (flows.historySeen[side]! & bit) return;
  flows.historySeen[side] = flows.historySeen[side]! | bit;
  append(flows, side, letter);
}

function noteSequence(
  flows: FlowColumns,
  side: number,
  bit: number,
  letter: string,
  lastSeq: Uint32Array,
  seq: number,
): void {
  const isNew = !(flows.historySeen[side]! & bit) || lastSeq[side] !== seq;
  flows.historySeen[side] = flows.historySeen[side]! | bit;
  lastSeq[side] = seq;
  if (isNew) append(flows, side, letter);
}

/** Past the room for letters the rest is left off. */
function append(flows: FlowColumns, side: number, letter: string): void {
  const slot = side >> 1;
  const length = flows.historyLength[slot]!;
  if (length >= HISTORY_BYTES) return;
  const code = letter.charCodeAt(0);
  flows.history[slot * HISTORY_BYTES + length] = side & 1 ? code | LOWER_CASE : code;
  flows.historyLength[slot] = length + 1;
}
