/** pcapng timestamps, a 64-bit count of a unit that each interface chooses, as whole microseconds. */

/** From the two halves of a timestamp to microseconds since the epoch, rounded down. */
export type TimeUnit = (high: number, low: number) => number;

const WORD = 2 ** 32;

/**
 * @param resolution `if_tsresol`: units are 10^-n s, or 2^-n s where the highest bit is set.
 * @param offsetSeconds `if_tsoffset`, clipped to what stays exact.
 */
export function timeUnit(resolution: number, offsetSeconds: number): TimeUnit {
  const limit = 2 ** 33; // the year 2242
  const offset = Math.max(-limit, Math.min(limit, offsetSeconds)) * 1e6;
  if (resolution === 6) return (high, low) => high * WORD + low + offset;
  if (resolution === 9) {
    // 2^32 = 4,294,967 * 1000 + 296: exact although the count of nanoseconds exceeds 53 bits.
    return (high, low) => high * 4_294_967 + Math.floor((high * 296 + low) / 1000) + offset;
  }
  const perSecond = resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
  return (high, low) => {
    const count = (BigInt(high) << 32n) | BigInt(low);
    return Number((count * 1_000_000n) / perSecond) + offset;
  };
}
