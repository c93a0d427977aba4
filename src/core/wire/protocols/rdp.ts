/**
 * RDP ([MS-RDPBCGR] §2.2.1.1 and §2.2.1.2): the X.224 connection request with the user that the client names
 * and the security that it offers, and the answer with what the server chose.
 */
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject } from '../detail-object.ts';
import type { Span } from '../span.ts';

const PORT = 3389;
const TPKT_VERSION = 3;
const TPKT_BYTES = 4;
/** TPKT and X.224 headers. */
const HEADER_BYTES = 11;
const CONNECTION_REQUEST = 0xe0;
const CONNECTION_CONFIRM = 0xd0;
const NEGOTIATION_BYTES = 8;
const REQUEST = 1;
const RESPONSE = 2;
const FAILURE = 3;
const MAX_USER_BYTES = 128;
const CR = 0x0d;
const LF = 0x0a;

const COOKIE = asciiOf('Cookie: ');
const USER = asciiOf('Cookie: mstshash=');
const PROTOCOLS = ['ssl', 'hybrid', 'rdstls', 'hybrid_ex', 'rdsaad'];
const STANDARD = 'rdp';

export const rdp: AppProtocol = {
  name: 'rdp',
  tcpPorts: [PORT],
  tcpFirstBytes: [TPKT_VERSION],
  createReader: () => new RdpReader(),
};

class RdpReader implements AppReader {
  readonly #detail = new DetailObject();

  read(payload: Span, row: AppRow): number {
    const { view, start, end } = payload;
    if (end - start < HEADER_BYTES || view.getUint8(start) !== TPKT_VERSION) return NOT_MINE;
    const messageBytes = view.getUint16(start + 2);
    const isLengthRight = view.getUint8(start + TPKT_BYTES) + 1 + TPKT_BYTES === messageBytes;
    if (view.getUint8(start + 1) !== 0 || !isLengthRight) return NOT_MINE;
    const code = view.getUint8(start + TPKT_BYTES + 1);
    if (code !== CONNECTION_REQUEST && code !== CONNECTION_CONFIRM) return NOT_MINE;
    const isConfirm = code === CONNECTION_CONFIRM;
    if (!this.#isRdp(payload, messageBytes, isConfirm, row)) return NOT_MINE;
    if (end - start < messageBytes && !row.isLast) return messageBytes;
    const detail = this.#detail;
    detail.begin();
    detail.text('message', isConfirm ? 'confirm' : 'request');
    const messageEnd = Math.min(end, start + messageBytes);
    if (isConfirm) this.#readConfirm(view, start + HEADER_BYTES, messageEnd);
    else this.#readRequest(payload, start + HEADER_BYTES, messageEnd, row);
    detail.putInto(row);
    return READ;
  }

  /** Others use X.224 too: what follows the header tells them apart, and where nothing does, the port. */
  #isRdp(payload: Span, messageBytes: number, isConfirm: boolean, row: AppRow): boolean {
    const { view, bytes, start, end } = payload;
    const at = start + HEADER_BYTES;
    if (messageBytes === HEADER_BYTES || at >= end)
      return row.srcPort === PORT || row.dstPort === PORT;
    const first = view.getUint8(at);
    if (isConfirm) return first === RESPONSE || first === FAILURE;
    return first === REQUEST || startsWith(bytes, at, end, COOKIE);
  }

  #readRequest({ view, bytes }: Span, start: number, end: number, row: AppRow): void {
    let at = start;
    if (startsWith(bytes, start, end, COOKIE)) {
      let lineEnd = at;
      while (lineEnd < end && bytes[lineEnd] !== CR && bytes[lineEnd] !== LF) lineEnd++;
      const user = start + USER.length;
      if (startsWith(bytes, start, end, USER) && lineEnd > user)
        this.#detail.text(
          'user',
          row.text.read(bytes, user, Math.min(lineEnd, user + MAX_USER_BYTES)),
        );
      at = lineEnd + 2;
    }
    if (at + NEGOTIATION_BYTES > end || view.getUint8(at) !== REQUEST) return;
    this.#detail.json('protocols', JSON.stringify(protocolsOf(view.getUint32(at + 4, true))));
  }

  #readConfirm(view: DataView, at: number, end: number): void {
    if (at + NEGOTIATION_BYTES > end) return;
    const value = view.getUint32(at + 4, true);
    if (view.getUint8(at) === FAILURE) this.#detail.number('failure', value);
    else this.#detail.text('protocol', protocolsOf(value)[0]!);
  }
}

/** Names of the bits; none of them stands for RDP's own security. */
function protocolsOf(bits: number): string[] {
  const names = PROTOCOLS.filter((_, i) => (bits & (1 << i)) !== 0);
  return names.length === 0 ? [STANDARD] : names;
}

function startsWith(bytes: Uint8Array, at: number, end: number, text: Uint8Array): boolean {
  if (at + text.length > end) return false;
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

function asciiOf(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}
