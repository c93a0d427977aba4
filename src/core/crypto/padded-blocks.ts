/** The padding of MD5, SHA-1 and their kin (RFC 1321 §3.1): a one bit, zeros, and the length in the last eight bytes. */

const BLOCK_BYTES = 64;
/** Where the length stands in the last block. */
export const LENGTH_AT = 56;

const tail = new Uint8Array(BLOCK_BYTES);

/** Gives `message[0, length)` and its padding to `addBlock`; `putLength` writes the length into the last block. */
export function addPadded(
  message: Uint8Array,
  length: number,
  addBlock: (bytes: Uint8Array, at: number) => void,
  putLength: (block: Uint8Array, length: number) => void,
): void {
  let at = 0;
  for (; at + BLOCK_BYTES <= length; at += BLOCK_BYTES) addBlock(message, at);
  const rest = length - at;
  for (let i = 0; i < BLOCK_BYTES; i++) tail[i] = i < rest ? message[at + i]! : 0;
  tail[rest] = 0x80;
  if (rest >= LENGTH_AT) {
    addBlock(tail, 0);
    tail.fill(0);
  }
  putLength(tail, length);
  addBlock(tail, 0);
}
