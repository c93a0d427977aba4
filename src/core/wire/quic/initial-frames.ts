/** The frames that an Initial packet may hold (RFC 9000 §12.4, §19): CRYPTO goes to the stream, the others are skipped. */
import type { CryptoStream } from './crypto-stream.ts';
import { readVarint, varintEnd } from './varint.ts';

const PADDING = 0x00;
const PING = 0x01;
const ACK = 0x02;
const ACK_ECN = 0x03;
const CRYPTO = 0x06;
const CONNECTION_CLOSE = 0x1c;

/** Ends at the first frame that cannot be read. */
export function readInitialFrames(
  view: DataView,
  bytes: Uint8Array,
  end: number,
  stream: CryptoStream,
): void {
  let at = 0;
  while (at >= 0 && at < end) {
    const type = bytes[at++]!;
    if (type === PADDING || type === PING) continue;
    if (type === ACK || type === ACK_ECN) at = skipAck(view, at, end, type === ACK_ECN);
    else if (type === CRYPTO) at = readCrypto(view, bytes, at, end, stream);
    else if (type === CONNECTION_CLOSE) at = skipClose(view, at, end);
    else return;
  }
}

/** The next frame's place; -1: the frame does not end before `end`. The same below. */
function readCrypto(
  view: DataView,
  bytes: Uint8Array,
  at: number,
  end: number,
  stream: CryptoStream,
): number {
  const offset = readVarint(view, at, end);
  if (offset < 0) return -1;
  const lengthAt = varintEnd(view, at);
  const length = readVarint(view, lengthAt, end);
  if (length < 0) return -1;
  const start = varintEnd(view, lengthAt);
  if (start + length > end) return -1;
  stream.add(offset, bytes, start, start + length);
  return start + length;
}

function skipAck(view: DataView, start: number, end: number, hasEcnCounts: boolean): number {
  const countAt = skipVarints(view, start, end, 2); // largest number, delay
  const ranges = countAt < 0 ? -1 : readVarint(view, countAt, end);
  if (ranges < 0) return -1;
  return skipVarints(view, varintEnd(view, countAt), end, 1 + 2 * ranges + (hasEcnCounts ? 3 : 0));
}

function skipClose(view: DataView, start: number, end: number): number {
  const reasonAt = skipVarints(view, start, end, 2); // error, frame type
  const length = reasonAt < 0 ? -1 : readVarint(view, reasonAt, end);
  return length < 0 ? -1 : varintEnd(view, reasonAt) + length;
}

function skipVarints(view: DataView, start: number, end: number, count: number): number {
  let at = start;
  for (let i = 0; i < count; i++) {
    if (readVarint(view, at, end) < 0) return -1;
    at = varintEnd(view, at);
  }
  return at;
}
