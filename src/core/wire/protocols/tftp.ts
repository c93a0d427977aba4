/**
 * TFTP (RFC 1350): the request that opens a transfer, with its options (RFC 2347). The blocks that follow go
 * between ports of their own and are not read.
 */
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject } from '../detail-object.ts';
import type { Span } from '../span.ts';

const OPCODES = ['', 'read', 'write', 'data', 'ack', 'error', 'oack'];
const WRITE = 2;
const OPCODE_BYTES = 2;
const MAX_TEXT_BYTES = 255;
const MAX_OPTIONS = 8;

export const tftp: AppProtocol = {
  name: 'tftp',
  udpPorts: [69],
  createReader: () => new TftpReader(),
};

class TftpReader implements AppReader {
  readonly #detail = new DetailObject();
  #at = 0;

  read({ view, bytes, start, end }: Span, row: AppRow): number {
    if (end - start < OPCODE_BYTES) return NOT_MINE;
    const opcode = view.getUint16(start);
    const name = OPCODES[opcode];
    if (!name) return NOT_MINE;
    const detail = this.#detail;
    detail.begin();
    detail.text('operation', name);
    if (opcode <= WRITE) {
      this.#at = start + OPCODE_BYTES;
      detail.text('file', this.#readText(bytes, end, row));
      detail.text('mode', this.#readText(bytes, end, row).toLowerCase());
      this.#readOptions(bytes, end, row);
    }
    detail.putInto(row);
    return READ;
  }

  #readOptions(bytes: Uint8Array, end: number, row: AppRow): void {
    const options: Record<string, string> = {};
    for (let i = 0; i < MAX_OPTIONS && this.#at < end; i++)
      options[this.#readText(bytes, end, row).toLowerCase()] = this.#readText(bytes, end, row);
    if (Object.keys(options).length > 0) this.#detail.json('options', JSON.stringify(options));
  }

  /** The text up to the next zero byte. */
  #readText(bytes: Uint8Array, end: number, row: AppRow): string {
    const from = this.#at;
    let at = from;
    while (at < end && bytes[at] !== 0) at++;
    this.#at = at + 1;
    return row.text.read(bytes, from, Math.min(at, from + MAX_TEXT_BYTES));
  }
}
