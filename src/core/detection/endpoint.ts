/**
 * An address as one number, for tables keyed by entity. IPv4 is its 32 bits. IPv6 is 2^32 plus a
 * 52-bit hash, so that the two never meet; two IPv6 addresses share a key with probability 2^-52.
 */
export function endpointKey(words: Uint32Array, offset: number, ipVersion: number): number {
  const last = words[offset + 3]!;
  if (ipVersion !== 6) return last;
  let low = 0x243f6a88;
  let high = 0x85a308d3;
  for (let word = 0; word < 4; word++) {
    const value = words[offset + word]!;
    low = Math.imul(low ^ value, 0x9e3779b1);
    low ^= low >>> 15;
    high = Math.imul(high ^ value, 0x85ebca77);
    high ^= high >>> 13;
  }
  return 4_294_967_296 + (high & 0xfffff) * 4_294_967_296 + (low >>> 0);
}

/** One number for (endpoint, endpoint) or (endpoint, small number): order matters, collisions are 2^-53. */
export function pairKey(first: number, second: number): number {
  let low = Math.imul((first | 0) ^ 0x27220a95, 0x9e3779b1) ^ Math.imul(second | 0, 0x85ebca6b);
  low ^= low >>> 15;
  low = Math.imul(low, 0xc2b2ae35);
  let high = Math.imul(((first / 4_294_967_296) | 0) ^ 0x165667b1, 0x27d4eb2f);
  high ^=
    Math.imul(((second / 4_294_967_296) | 0) ^ (second | 0), 0x9e3779b1) ^
    Math.imul(first | 0, 0x2545f491);
  high ^= high >>> 13;
  return (high & 0x1fffff) * 4_294_967_296 + ((low ^ (low >>> 13)) >>> 0);
}
