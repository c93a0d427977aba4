/**
 * SMB 1, 2 and 3 over TCP ([MS-CIFS], [MS-SMB2]): the command of the first message in a segment, the commands
 * compounded with it, and the status of a response. Only headers are read, so messages are not joined.
 */
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject } from '../detail-object.ts';
import type { Span } from '../span.ts';
import { SMB1_COMMANDS, SMB2_COMMANDS } from './smb-commands.ts';

/** A session message of NetBIOS (RFC 1002 §4.3.1), which stands before every SMB message on either port. */
const SESSION_MESSAGE = 0;
const SESSION_BYTES = 4;
const ID_BYTES = 4;
const SMB1 = 0xff534d42;
const SMB2 = 0xfe534d42;
const ENCRYPTED = 0xfd534d42;
const COMPRESSED = 0xfc534d42;
const SMB1_BYTES = 32;
const SMB2_BYTES = 64;
const SMB1_RESPONSE = 0x80;
const SMB2_RESPONSE = 1;
const NEGOTIATE = 0;
const MAX_COMPOUNDED = 16;
const DIALECTS = new Map([
  [0x0202, '2.0.2'],
  [0x0210, '2.1'],
  [0x02ff, '2.?'],
  [0x0300, '3.0'],
  [0x0302, '3.0.2'],
  [0x0311, '3.1.1'],
]);

export const smb: AppProtocol = {
  name: 'smb',
  tcpPorts: [139, 445],
  tcpFirstBytes: [SESSION_MESSAGE],
  createReader: () => new SmbReader(),
};

class SmbReader implements AppReader {
  readonly #detail = new DetailObject();

  read({ view, start, end }: Span, row: AppRow): number {
    const message = start + SESSION_BYTES;
    if (end - message < ID_BYTES || view.getUint8(start) !== SESSION_MESSAGE) return NOT_MINE;
    const id = view.getUint32(message);
    const headerBytes = headerBytesOf(id);
    const messageBytes = view.getUint32(start);
    if (headerBytes === 0 || messageBytes < Math.min(headerBytes, SMB1_BYTES)) return NOT_MINE;
    if (end - message < headerBytes && !row.isLast) return SESSION_BYTES + headerBytes;
    const detail = this.#detail;
    detail.begin();
    if (id === SMB1) this.#readVersion1(view, message, end);
    else if (id === SMB2) this.#readVersion2(view, message, Math.min(end, message + messageBytes));
    else detail.number('version', 3);
    if (id === ENCRYPTED) detail.json('encrypted', 'true');
    if (id === COMPRESSED) detail.json('compressed', 'true');
    detail.putInto(row);
    return READ;
  }

  #readVersion1(view: DataView, at: number, end: number): void {
    const detail = this.#detail;
    detail.number('version', 1);
    if (end - at < SMB1_BYTES) return;
    const command = view.getUint8(at + 4);
    detail.text('command', SMB1_COMMANDS.get(command) ?? `${command}`);
    if ((view.getUint8(at + 9) & SMB1_RESPONSE) !== 0) this.#response(view.getUint32(at + 5, true));
  }

  #readVersion2(view: DataView, at: number, end: number): void {
    const detail = this.#detail;
    if (end - at < SMB2_BYTES) {
      detail.number('version', 2);
      return;
    }
    const command = view.getUint16(at + 12, true);
    const isResponse = (view.getUint32(at + 16, true) & SMB2_RESPONSE) !== 0;
    const dialect = isResponse && command === NEGOTIATE ? dialectOf(view, at, end) : 0;
    detail.number('version', dialect >= 0x0300 ? 3 : 2);
    detail.text('command', commandName(command));
    // In requests of SMB 3 the status field tells of the channel.
    if (isResponse) this.#response(view.getUint32(at + 8, true));
    if (dialect !== 0) detail.text('dialect', DIALECTS.get(dialect) ?? `0x${dialect.toString(16)}`);
    this.#readCompounded(view, at, end);
  }

  #readCompounded(view: DataView, first: number, end: number): void {
    let names = '';
    let at = first;
    for (let count = 0; count < MAX_COMPOUNDED; count++) {
      const next = view.getUint32(at + 20, true);
      if (next < SMB2_BYTES || at + next + SMB2_BYTES > end) break;
      at += next;
      if (view.getUint32(at) !== SMB2) break;
      const name = commandName(view.getUint16(at + 12, true));
      names += names === '' ? `"${name}"` : `,"${name}"`;
    }
    if (names !== '') this.#detail.json('compounded', `[${names}]`);
  }

  /** `status`: an NTSTATUS. */
  #response(status: number): void {
    this.#detail.json('response', 'true');
    this.#detail.text('status', `0x${status.toString(16).padStart(8, '0')}`);
  }
}

/** Bytes of the header that follows the protocol's id; 0: it is none. */
function headerBytesOf(id: number): number {
  switch (id) {
    case SMB1:
      return SMB1_BYTES;
    case SMB2:
      return SMB2_BYTES;
    case ENCRYPTED:
    case COMPRESSED:
      return ID_BYTES;
    default:
      return 0;
  }
}

/** Of a negotiation's response; 0: it is not there. */
function dialectOf(view: DataView, at: number, end: number): number {
  const field = at + SMB2_BYTES + 4;
  return field + 2 <= end ? view.getUint16(field, true) : 0;
}

function commandName(command: number): string {
  return SMB2_COMMANDS[command] ?? `${command}`;
}
