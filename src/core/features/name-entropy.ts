/** Shannon entropy of the characters of a name. */

const counts = new Uint32Array(256);

/** Bits per character of `text[0, length)`, in whole millionths so that sums do not depend on their order. Characters above 255 share bins. */
export function entropyMillionths(text: string, length: number): number {
  if (length < 2) return 0;
  for (let i = 0; i < length; i++) counts[text.charCodeAt(i) & 255]!++;
  let bits = 0;
  for (let i = 0; i < length; i++) {
    const bin = text.charCodeAt(i) & 255;
    const count = counts[bin]!;
    if (count === 0) continue;
    bits += count * Math.log2(length / count);
    counts[bin] = 0;
  }
  return Math.round((bits / length) * 1e6);
}
