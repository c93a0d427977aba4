/**
 * Community ID v1 (https://github.com/corelight/community-id-spec): the same text for a flow in every tool,
 * whichever direction the packet goes. A fragment whose ports are not known gets none; protocols without ports
 * are told by their number and addresses alone.
 */
import { type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { sha1 } from '../crypto/sha1.ts';
import { icmpCounterpart } from './icmp-pairs.ts';

const MAX_INPUT_BYTES = 2 + 16 + 16 + 2 + 4;
const BASE64 = Uint8Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  (letter) => letter.charCodeAt(0),
);
const DIGEST_BYTES = 20;
/** ICMP, TCP, UDP, ICMPv6 and SCTP; ICMP's are its type and code. */
const WITH_PORTS = new Set([1, 6, 17, 58, 132]);

const input = new DataView(new ArrayBuffer(MAX_INPUT_BYTES));
const inputBytes = new Uint8Array(input.buffer);
/** A multiple of three bytes: the last is always 0. */
const digest = new Uint8Array(DIGEST_BYTES + 1);
/** Letters of the text to be. */
const letters: number[] = [...'1:'.padEnd(30, '=')].map((letter) => letter.charCodeAt(0));

/** Null where the packet has no flow: no IP, or ports that are not known. */
export function communityId(batch: PacketBatch, row: number, seed = 0): string | null {
  const protocol = batch.protocol[row]!;
  const isIcmp = protocol === Protocol.ICMP || protocol === Protocol.ICMPv6;
  const first = isIcmp ? batch.icmpType[row]! : batch.srcPort[row]!;
  const second = isIcmp ? batch.icmpCode[row]! : batch.dstPort[row]!;
  if (batch.ipVersion[row] === 0) return null;
  const counterpart = isIcmp ? icmpCounterpart(first, protocol === Protocol.ICMPv6) : -1;
  return communityIdOf(
    {
      ipVersion: batch.ipVersion[row]!,
      src: batch.src,
      srcOffset: 4 * row,
      dst: batch.dst,
      dstOffset: 4 * row,
      number: batch.ipProtocol[row]!,
      srcPort: first,
      dstPort: counterpart < 0 ? second : counterpart,
      isOneWay: isIcmp && counterpart < 0,
    },
    seed,
  );
}

export interface CommunityTuple {
  readonly ipVersion: number;
  /** Four words at the offset, IPv4 in its mapped form. */
  readonly src: Uint32Array;
  readonly srcOffset: number;
  readonly dst: Uint32Array;
  readonly dstOffset: number;
  /** IP protocol number; -1: not known. */
  readonly number: number;
  /** -1: not known, or the protocol has none. */
  readonly srcPort: number;
  readonly dstPort: number;
  /** The endpoints keep their order: an ICMP message that has no answer. */
  readonly isOneWay: boolean;
}

export function communityIdOf(tuple: CommunityTuple, seed = 0): string | null {
  const hasPorts = WITH_PORTS.has(tuple.number);
  if (tuple.number < 0 || (hasPorts && tuple.srcPort < 0)) return null;
  const isForward = tuple.isOneWay || isOrdered(tuple);
  const words = tuple.ipVersion === 4 ? 1 : 4;
  let at = 0;
  input.setUint16(at, seed);
  at += 2;
  at = putAddress(
    at,
    words,
    isForward ? tuple.src : tuple.dst,
    isForward ? tuple.srcOffset : tuple.dstOffset,
  );
  at = putAddress(
    at,
    words,
    isForward ? tuple.dst : tuple.src,
    isForward ? tuple.dstOffset : tuple.srcOffset,
  );
  input.setUint8(at++, tuple.number);
  input.setUint8(at++, 0);
  if (hasPorts) {
    input.setUint16(at, isForward ? tuple.srcPort : tuple.dstPort);
    input.setUint16(at + 2, isForward ? tuple.dstPort : tuple.srcPort);
    at += 4;
  }
  sha1(inputBytes, at, digest);
  return text();
}

/** The smaller endpoint comes first: by address, then by port. */
function isOrdered(tuple: CommunityTuple): boolean {
  for (let i = 0; i < 4; i++) {
    const src = tuple.src[tuple.srcOffset + i]!;
    const dst = tuple.dst[tuple.dstOffset + i]!;
    if (src !== dst) return src < dst;
  }
  return tuple.srcPort <= tuple.dstPort;
}

/** The last `words` of the four. */
function putAddress(at: number, words: number, address: Uint32Array, offset: number): number {
  for (let i = 0; i < words; i++) input.setUint32(at + 4 * i, address[offset + 4 - words + i]!);
  return at + 4 * words;
}

/** Version and digest in base64. One call of `fromCharCode` makes one flat string; adding letters makes thirty. */
function text(): string {
  for (let from = 0, to = 2; from < DIGEST_BYTES; from += 3, to += 4) {
    const group = (digest[from]! << 16) | (digest[from + 1]! << 8) | digest[from + 2]!;
    letters[to] = BASE64[group >>> 18]!;
    letters[to + 1] = BASE64[(group >>> 12) & 63]!;
    letters[to + 2] = BASE64[(group >>> 6) & 63]!;
    if (from + 2 < DIGEST_BYTES) letters[to + 3] = BASE64[group & 63]!;
  }
  return String.fromCharCode.apply(null, letters);
}
