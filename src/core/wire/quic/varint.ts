/** Integers of one, two, four or eight bytes (RFC 9000 §16). */

/** The integer at `at`; -1: it is not all before `end`. Above 2⁵³ it is not exact: no length is that large. */
export function readVarint(view: DataView, at: number, end: number): number {
  if (at >= end) return -1;
  const bytes = 1 << (view.getUint8(at) >> 6);
  if (at + bytes > end) return -1;
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at) & 0x3fff;
  const high = view.getUint32(at) & 0x3fff_ffff;
  return bytes === 4 ? high : high * 2 ** 32 + view.getUint32(at + 4);
}

/** Where the integer ends that `readVarint` read at `at`. */
export function varintEnd(view: DataView, at: number): number {
  return at + (1 << (view.getUint8(at) >> 6));
}
