/** From hellos to rows: server name, JA4, and as detail what was offered or chosen. For TLS, DTLS and QUIC alike. */
import { AppEvent } from '../../../contract/packet-batch.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject, jsonText } from '../detail-object.ts';
import { ClientHello, type HelloPart, offeredVersion } from './client-hello.ts';
import { type Ja4Transport, ja4Of } from './ja4.ts';
import { ServerHello } from './server-hello.ts';

/** DNS names are shorter; what is longer is cut. */
const MAX_NAME_BYTES = 255;
/** Of all ALPN names together, as JSON. */
const MAX_PROTOCOLS_CHARS = 1024;

const VERSION_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0300, 'SSL 3.0'],
  [0x0301, '1.0'],
  [0x0302, '1.1'],
  [0x0303, '1.2'],
  [0x0304, '1.3'],
  [0xfeff, '1.0'],
  [0xfefd, '1.2'],
  [0xfefc, '1.3'],
]);

export class HelloRows {
  readonly client = new ClientHello();
  readonly server = new ServerHello();
  readonly #detail = new DetailObject();

  /**
   * Fills in what `client` read from `bytes`. `isWhole`: the message has come to its end; there is a
   * fingerprint only then.
   */
  putClient(row: AppRow, bytes: Uint8Array, isWhole: boolean, transport: Ja4Transport): void {
    const { client } = this;
    const { start, end } = client.serverName;
    if (start >= 0) {
      const name = row.text.read(bytes, start, Math.min(end, start + MAX_NAME_BYTES));
      row.batch.tlsSni.set(row.row, name);
    }
    if (isWhole && client.isWhole) row.batch.ja4.set(row.row, ja4Of(client, transport));
    this.#detail.begin();
    this.#addProtocols(row, bytes, client.protocols);
    this.#addVersion(offeredVersion(client));
    this.#detail.putInto(row);
  }

  /** Fills in what `server` read from `bytes`. */
  putServer(row: AppRow, bytes: Uint8Array): void {
    const { server } = this;
    this.#detail.begin();
    this.#addProtocols(row, bytes, server.protocols);
    this.#addVersion(server.version);
    if (server.cipher >= 0) this.#detail.text('cipher', hexOfWord(server.cipher));
    this.#detail.putInto(row);
  }

  #addProtocols(row: AppRow, bytes: Uint8Array, { start, end }: HelloPart): void {
    if (start < 0) return;
    let list = '';
    for (let at = start; at < end; at += 1 + bytes[at]!) {
      const nameEnd = at + 1 + bytes[at]!;
      const name = jsonText(row.text.read(bytes, at + 1, Math.min(nameEnd, end)));
      if (nameEnd > end || list.length + name.length > MAX_PROTOCOLS_CHARS) {
        this.#detail.cut();
        break;
      }
      list += list === '' ? name : `,${name}`;
    }
    this.#detail.json('alpn', `[${list}]`);
  }

  #addVersion(version: number): void {
    if (version !== 0)
      this.#detail.text('version', VERSION_NAMES.get(version) ?? hexOfWord(version));
  }
}

/** The event of a hello's handshake type; 0: it is none. */
export function helloEvent(handshakeType: number): number {
  if (handshakeType === 1) return AppEvent.TLS_CLIENT_HELLO;
  return handshakeType === 2 ? AppEvent.TLS_SERVER_HELLO : 0;
}

function hexOfWord(word: number): string {
  return `0x${word.toString(16).padStart(4, '0')}`;
}
