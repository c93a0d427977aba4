/** Reads request bodies within a stated size; nothing past it is kept in memory. */
import { AppError } from '../errors.ts';

/** JSON bodies of ordinary routes. */
export const JSON_LIMIT_BYTES = 64 * 1024;

/** The type without parameters, lower-case; empty where the header is absent. */
export function mediaTypeOf(request: Request): string {
  const header = request.headers.get('content-type') ?? '';
  return (header.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** @throws AppError too_large, before reading where the length is declared, else as soon as it is passed. */
export async function readBytes(request: Request, limitBytes: number): Promise<Uint8Array> {
  const declared = request.headers.get('content-length');
  if (Number(declared) > limitBytes) throw tooLarge(limitBytes);
  if (request.body === null) return new Uint8Array(0);
  // node:http holds the body to its declared length, so one buffer of that size is enough.
  if (declared !== null && /^\d+$/.test(declared)) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    if (bytes.byteLength > limitBytes) throw tooLarge(limitBytes);
    return bytes;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** @throws AppError invalid_request for anything but UTF-8 JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'it is not UTF-8';
    throw new AppError('invalid_request', `Cannot read the body as JSON: ${why}`, { cause });
  }
}

function tooLarge(limitBytes: number): AppError {
  return new AppError('too_large', `Cannot take a body above ${limitBytes} bytes`);
}
