/**
 * The first message of SSH's key exchange (RFC 4253 §6, §7.1), in which a side lists its algorithms, and HASSH,
 * the MD5 of four of the lists (Salesforce, BSD 3-Clause, github.com/salesforce/hassh). One instance is reused.
 */
import { md5 } from '../../crypto/md5.ts';
import { hexOf } from '../../crypto/sha256.ts';
import { NOT_MINE, READ } from '../app-protocol.ts';
import { NameLists } from './name-lists.ts';

const LENGTH_BYTES = 4;
/** Length, length of the padding, message number. */
export const KEX_INIT_HEAD_BYTES = LENGTH_BYTES + 2;
const SSH_MSG_KEXINIT = 20;
const COOKIE_BYTES = 16;
/** Whether a guess follows, and a reserved word. */
const TAIL_BYTES = 5;
const MIN_PADDING_BYTES = 4;
/** RFC 4253 §6.1. */
const MAX_PACKET_BYTES = 35_000;

const SEMICOLON = 0x3b;
/** Key exchange, encryption, MAC and compression, by place among the lists. */
const CLIENT_LISTS = Uint8Array.of(0, 2, 4, 6);
const SERVER_LISTS = Uint8Array.of(0, 3, 5, 7);

/** RFC 8308 §2.1, and OpenSSH's strict key exchange. */
const CLIENT_MARKERS = ['ext-info-c', 'kex-strict-c-v00@openssh.com'];
const SERVER_MARKERS = ['ext-info-s', 'kex-strict-s-v00@openssh.com'];

const digested = new Uint8Array(MAX_PACKET_BYTES);

export class KexInit {
  readonly #lists = new NameLists();

  /** `NOT_MINE`, `READ` once all lists are there, or the bytes from `start` on that it needs at least. */
  read(view: DataView, start: number, end: number): number {
    if (end - start < KEX_INIT_HEAD_BYTES)
      return view.getUint8(start) === 0 ? KEX_INIT_HEAD_BYTES : NOT_MINE;
    const packetBytes = view.getUint32(start);
    const paddingBytes = view.getUint8(start + LENGTH_BYTES);
    if (packetBytes > MAX_PACKET_BYTES || paddingBytes < MIN_PADDING_BYTES) return NOT_MINE;
    if (view.getUint8(start + LENGTH_BYTES + 1) !== SSH_MSG_KEXINIT) return NOT_MINE;
    const packetEnd = start + LENGTH_BYTES + packetBytes;
    const lists = start + KEX_INIT_HEAD_BYTES + COOKIE_BYTES;
    const found = this.#lists.read(view, lists, end, packetEnd - paddingBytes - TAIL_BYTES);
    return found > READ ? packetEnd - start : found;
  }

  /** The fingerprint of a client's message that has been read. */
  hassh(bytes: Uint8Array): string {
    return this.#digest(bytes, CLIENT_LISTS);
  }

  /** The fingerprint of a server's message that has been read. */
  hasshServer(bytes: Uint8Array): string {
    return this.#digest(bytes, SERVER_LISTS);
  }

  /** A name among the key exchange algorithms that only one side sends: 'client', 'server'; null: there is none. */
  sideByMarkers(bytes: Uint8Array): 'client' | 'server' | null {
    const lists = this.#lists;
    if (lists.has(bytes, 0, CLIENT_MARKERS)) return 'client';
    return lists.has(bytes, 0, SERVER_MARKERS) ? 'server' : null;
  }

  #digest(bytes: Uint8Array, which: Uint8Array): string {
    const { starts, ends } = this.#lists;
    let at = 0;
    for (const list of which) {
      if (at > 0) digested[at++] = SEMICOLON;
      for (let i = starts[list]!; i < ends[list]!; i++) digested[at++] = bytes[i]!;
    }
    return hexOf(md5(digested, at));
  }
}
