/**
 * The first handshake message of a TLS stream, out of one record or, put together, out of several
 * (RFC 8446 §5.1): a client may split its hello anywhere, and some do to hide the server name.
 */
import type { Span } from '../span.ts';
import { MAX_HELLO_BYTES } from './client-hello.ts';

const HANDSHAKE = 22;
const MAX_MINOR_VERSION = 4;
const RECORD_HEADER_BYTES = 5;
const MAX_RECORD_BYTES = 16_384;
export const HANDSHAKE_HEADER_BYTES = 4;
/** Up to the handshake's type. */
export const HEAD_BYTES = RECORD_HEADER_BYTES + 1;

export class HandshakeRecords {
  /** Where the message stands, its header included, as far as it has come. */
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  start = 0;
  end = 0;
  isWhole = false;
  /** Bytes from the payload's start on that the message needs at least; 0: it is whole, or cannot be. */
  need = 0;
  readonly #joined = new Uint8Array(MAX_HELLO_BYTES);
  readonly #joinedView = new DataView(this.#joined.buffer);

  /** `payload` begins with a handshake record of at least one byte of content. */
  read(payload: Span): void {
    const { view, start, end } = payload;
    const first = start + RECORD_HEADER_BYTES;
    const recordEnd = first + view.getUint16(start + 3);
    const messageEnd = first + HANDSHAKE_HEADER_BYTES;
    if (messageEnd <= end && messageEnd + messageBytes(view, first) <= recordEnd)
      this.#readOne(payload, first, messageEnd + messageBytes(view, first));
    else this.#join(payload);
  }

  #readOne(payload: Span, first: number, messageEnd: number): void {
    this.bytes = payload.bytes;
    this.view = payload.view;
    this.start = first;
    this.end = Math.min(messageEnd, payload.end);
    this.isWhole = messageEnd <= payload.end;
    this.need = this.isWhole ? 0 : messageEnd - payload.start;
  }

  #join({ view, bytes, start, end }: Span): void {
    const joined = this.#joined;
    let filled = 0;
    let wanted = HANDSHAKE_HEADER_BYTES;
    let at = start;
    this.isWhole = false;
    this.need = 0;
    while (filled < wanted) {
      if (at + RECORD_HEADER_BYTES > end) {
        this.need = at + RECORD_HEADER_BYTES - start;
        break;
      }
      if (!isRecord(view, at)) break;
      const from = at + RECORD_HEADER_BYTES;
      at = from + view.getUint16(at + 3);
      for (let i = from; i < Math.min(at, end) && filled < MAX_HELLO_BYTES; i++)
        joined[filled++] = bytes[i]!;
      if (filled >= HANDSHAKE_HEADER_BYTES)
        wanted = HANDSHAKE_HEADER_BYTES + messageBytes(this.#joinedView, 0);
      if (filled >= MAX_HELLO_BYTES) break;
      if (at > end && filled < wanted) {
        this.need = Math.min(at, end + wanted - filled) - start;
        break;
      }
    }
    this.bytes = joined;
    this.view = this.#joinedView;
    this.start = 0;
    this.end = Math.min(filled, wanted);
    this.isWhole = filled >= wanted;
  }
}

/** Whether `view[start, end)` may begin with a handshake record, as far as it goes: at least one byte. */
export function opensHandshake(view: DataView, start: number, end: number): boolean {
  if (view.getUint8(start) !== HANDSHAKE) return false;
  if (end - start < 2) return true;
  if (view.getUint8(start + 1) !== 3) return false;
  if (end - start < RECORD_HEADER_BYTES)
    return end - start < 3 || view.getUint8(start + 2) <= MAX_MINOR_VERSION;
  return isRecord(view, start);
}

function isRecord(view: DataView, at: number): boolean {
  const contentBytes = view.getUint16(at + 3);
  return (
    view.getUint8(at) === HANDSHAKE &&
    view.getUint8(at + 1) === 3 &&
    view.getUint8(at + 2) <= MAX_MINOR_VERSION &&
    contentBytes > 0 &&
    contentBytes <= MAX_RECORD_BYTES
  );
}

function messageBytes(view: DataView, header: number): number {
  return view.getUint32(header) & 0xff_ffff;
}
