/** HMAC (RFC 2104) with SHA-256. */
import { sha256 } from './sha256.ts';

const BLOCK_BYTES = 64;

/** The 32-byte code of several parts as if they were one. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const short = key.length > BLOCK_BYTES ? sha256(key) : key;
  const inner = new Uint8Array(BLOCK_BYTES).fill(0x36);
  const outer = new Uint8Array(BLOCK_BYTES).fill(0x5c);
  for (let i = 0; i < short.length; i++) {
    inner[i]! ^= short[i]!;
    outer[i]! ^= short[i]!;
  }
  return sha256(outer, sha256(inner, ...parts));
}
