/** A time as tables show it, to the second. @param seconds since the epoch */
export function utcOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
