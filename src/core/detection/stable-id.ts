/**
 * Sixteen hexadecimal digits from text: the same on every run, so that a replay finds the same alert.
 * Two rounds of Murmur3's mixing with different seeds; not a secret and not proof against forgery.
 */
export function stableId(text: string): string {
  return hex(mix(text, 0x9747b28c)) + hex(mix(text, 0x1b873593));
}

function mix(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at++) {
    let unit = Math.imul(text.charCodeAt(at), 0xcc9e2d51);
    unit = Math.imul((unit << 15) | (unit >>> 17), 0x1b873593);
    hash ^= unit;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash ^= text.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
