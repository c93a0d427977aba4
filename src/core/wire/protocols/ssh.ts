/**
 * SSH on any TCP port (RFC 4253): the banner with the software's name, and the lists of algorithms that begin
 * the key exchange, as HASSH. Each stands in the row of the segment that ended it.
 */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { type AppProtocol, type AppReader, NOT_MINE, READ } from '../app-protocol.ts';
import type { AppRow } from '../app-row.ts';
import { DetailObject } from '../detail-object.ts';
import type { Span } from '../span.ts';
import { KEX_INIT_HEAD_BYTES, KexInit } from '../ssh/kex-init.ts';

const BANNER_START = Uint8Array.of(0x53, 0x53, 0x48, 0x2d); // "SSH-"
/** "SSH-" with a digit and a point. */
const BANNER_HEAD_BYTES = BANNER_START.length + 2;
/** RFC 4253 §4.2. */
const MAX_BANNER_BYTES = 255;
const HYPHEN = 0x2d;
const POINT = 0x2e;
const LF = 0x0a;
const CR = 0x0d;

/** A server's ports, before others. */
const SSH_PORTS: ReadonlySet<number> = new Set([22, 2222]);

export const ssh: AppProtocol = {
  name: 'ssh',
  tcpFirstBytes: [BANNER_START[0]!, 0],
  createReader: () => new SshReader(),
};

class SshReader implements AppReader {
  readonly #kexInit = new KexInit();
  readonly #detail = new DetailObject();

  read(payload: Span, row: AppRow): number {
    const { view, bytes, start, end } = payload;
    if (bytes[start] !== BANNER_START[0]) {
      if (end - start < KEX_INIT_HEAD_BYTES) return NOT_MINE;
      const answer = this.#kexInit.read(view, start, end);
      if (answer === READ) this.#putFingerprint(bytes, row);
      return answer;
    }
    if (!opensBanner(bytes, start, end)) return NOT_MINE;
    if (end - start < BANNER_HEAD_BYTES) {
      if (row.isLast) return NOT_MINE;
      row.isUnsure = true;
      return BANNER_HEAD_BYTES;
    }
    if (row.readBefore < BANNER_HEAD_BYTES) row.note(AppEvent.SSH_BANNER);
    const bannerEnd = endOfBanner(bytes, start, end);
    if (bannerEnd < 0 && !row.isLast) return end - start + 1;
    const next = bannerEnd < 0 ? end : bannerEnd;
    if (next > start + row.readBefore) this.#putBanner(bytes, start, next, row);
    return next < end ? this.#readNext(payload, next, row) : READ;
  }

  /** The key exchange that begins in the banner's segment. */
  #readNext({ view, bytes, start, end }: Span, at: number, row: AppRow): number {
    const answer = this.#kexInit.read(view, at, end);
    if (answer === READ) this.#putFingerprint(bytes, row);
    return answer > READ ? at + answer - start : READ;
  }

  #putBanner(bytes: Uint8Array, start: number, bannerEnd: number, row: AppRow): void {
    const version = start + BANNER_START.length;
    let end = bannerEnd;
    while (end > version && (bytes[end - 1] === LF || bytes[end - 1] === CR)) end--;
    let hyphen = version;
    while (hyphen < end && bytes[hyphen] !== HYPHEN) hyphen++;
    this.#detail.begin();
    this.#detail.text('version', row.text.read(bytes, version, hyphen));
    if (hyphen + 1 < end) this.#detail.text('software', row.text.read(bytes, hyphen + 1, end));
    this.#detail.putInto(row);
  }

  #putFingerprint(bytes: Uint8Array, row: AppRow): void {
    const { batch, row: at } = row;
    if (this.#isServer(bytes, row)) batch.hasshServer.set(at, this.#kexInit.hasshServer(bytes));
    else batch.hassh.set(at, this.#kexInit.hassh(bytes));
  }

  /** By SSH's ports; where they do not tell, by what only one side lists; at last, the lower port is the server's. */
  #isServer(bytes: Uint8Array, { srcPort, dstPort }: AppRow): boolean {
    if (SSH_PORTS.has(srcPort) !== SSH_PORTS.has(dstPort)) return SSH_PORTS.has(srcPort);
    const side = this.#kexInit.sideByMarkers(bytes);
    return side === null ? srcPort < dstPort : side === 'server';
  }
}

/** "SSH-", a digit and a point, as in "SSH-2.0-" and "SSH-1.99-", as far as it goes. */
function opensBanner(bytes: Uint8Array, start: number, end: number): boolean {
  const known = Math.min(end - start, BANNER_HEAD_BYTES);
  for (let i = 0; i < known; i++) {
    const byte = bytes[start + i]!;
    if (i < BANNER_START.length ? byte !== BANNER_START[i] : !isVersionByte(byte, i)) return false;
  }
  return true;
}

function isVersionByte(byte: number, at: number): boolean {
  return at === BANNER_START.length ? byte >= 0x30 && byte <= 0x39 : byte === POINT;
}

/** Behind the end of the line, or where it is too long; -1: it goes on. */
function endOfBanner(bytes: Uint8Array, start: number, end: number): number {
  const limit = start + MAX_BANNER_BYTES;
  for (let at = start; at < end && at < limit; at++) if (bytes[at] === LF) return at + 1;
  return end >= limit ? limit : -1;
}
