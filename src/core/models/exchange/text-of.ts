/** Bytes of a file as text. The core has no TextDecoder; what is no UTF-8 is read as Latin-1. */

const PIECE_BYTES = 4096;

export function textOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES)
    parts.push(String.fromCharCode(...bytes.subarray(at, at + PIECE_BYTES)));
  const text = parts.join('');
  if (!/[\u0080-\u00ff]/.test(text)) return text;
  try {
    return decodeURIComponent(
      text.replace(
        /[%\u0080-\u00ff]/g,
        (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`,
      ),
    );
  } catch {
    return text;
  }
}

/** The inverse: text as UTF-8. */
export function bytesOfText(text: string): Uint8Array {
  const escaped = encodeURIComponent(text);
  const bytes = new Uint8Array(escaped.length);
  let count = 0;
  for (let at = 0; at < escaped.length; at++) {
    if (escaped[at] === '%') {
      bytes[count++] = Number.parseInt(escaped.slice(at + 1, at + 3), 16);
      at += 2;
    } else bytes[count++] = escaped.charCodeAt(at);
  }
  return bytes.subarray(0, count);
}
