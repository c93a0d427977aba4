/**
 * Hashes of the flow key. Both directions of a conversation hash alike, because the two endpoints'
 * hashes are added; the flow's id is another, wider hash that tells the directions apart.
 */

/** Murmur3's 32-bit finaliser: every input bit reaches every output bit. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** One endpoint: the four address words at `offset` and the port. */
export function endpointHash(words: Uint32Array, offset: number, port: number): number {
  let h = mix32(words[offset + 3]! ^ Math.imul(port + 1, 0x9e3779b1));
  const upper =
    words[offset]! ^ Math.imul(words[offset + 1]!, 31) ^ Math.imul(words[offset + 2]!, 961);
  if (upper !== IPV4_UPPER) h = mix32(h ^ upper);
  return h;
}

/** What the upper words of an IPv4-mapped address come to. */
const IPV4_UPPER = Math.imul(0xffff, 961);

/** FNV-1a, 32 bits, over UTF-16 units. */
export function textHash(text: string, seed = 0x811c9dc5): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/**
 * The flow's id: 53 bits, never negative, a pure function of sensor, originator, responder,
 * protocol and time of the first packet (whole µs). Two different flows share an id with
 * probability 2⁻⁵³ per pair.
 */
export function flowId(
  sensorHash: number,
  addresses: Uint32Array,
  originator: number,
  responder: number,
  srcPort: number,
  dstPort: number,
  protocol: number,
  firstMicros: number,
): number {
  const timeHigh = Math.floor(firstMicros / 0x100000000);
  const timeLow = firstMicros >>> 0;
  let a = mix32(sensorHash ^ protocol);
  let b = mix32(sensorHash ^ 0x5bd1e995 ^ protocol);
  for (let word = 0; word < 4; word++) {
    const from = addresses[originator + word]!;
    const to = addresses[responder + word]!;
    a = mix32(a ^ from) + Math.imul(to, 0x9e3779b1);
    b = mix32(b + to) ^ Math.imul(from, 0x85ebca77);
  }
  a = mix32(a ^ Math.imul(srcPort + 1, 0x10001) ^ timeLow);
  b = mix32(b ^ Math.imul(dstPort + 1, 0x10001) ^ Math.imul(srcPort + 7, 0x9e3779b1));
  a = mix32(a + timeHigh + Math.imul(dstPort + 3, 0xc2b2ae3d));
  b = mix32(b ^ timeLow ^ Math.imul(timeHigh, 0x27d4eb2f));
  return (a & 0x1fffff) * 0x100000000 + b;
}
