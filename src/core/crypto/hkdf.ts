/** HKDF with SHA-256 (RFC 5869), and the labels that TLS 1.3 and QUIC expand with (RFC 8446 §7.1). */
import { hmacSha256 } from './hmac-sha256.ts';

const HASH_BYTES = 32;

/** The 32-byte pseudo-random key. */
export function hkdfExtract(salt: Uint8Array, secret: Uint8Array): Uint8Array {
  return hmacSha256(salt, secret);
}

/** `byteCount`: at most 255 × 32. */
export function hkdfExpand(key: Uint8Array, info: Uint8Array, byteCount: number): Uint8Array {
  const output = new Uint8Array(byteCount);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0, count = 1; at < byteCount; at += HASH_BYTES, count++) {
    block = hmacSha256(key, block, info, Uint8Array.of(count));
    output.set(block.subarray(0, byteCount - at), at);
  }
  return output;
}

/** What HKDF-Expand-Label adds to the key: length, `tls13 ` and the label, an empty context. */
export function hkdfLabel(label: string, byteCount: number): Uint8Array {
  const text = `tls13 ${label}`;
  const chars = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return Uint8Array.of(byteCount >> 8, byteCount, chars.length, ...chars, 0);
}
