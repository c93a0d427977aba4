/** Enough of a model's hash to tell it from others. */
export function shortHash(hash: string): string {
  return hash.slice(0, 12);
}
