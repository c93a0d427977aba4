/**
 * The state of an analysis in a file: four letters, the state compressed with zstd, a CRC-32 of all before it.
 * A file is there whole or not at all: written beside its place, flushed, renamed, the folder flushed.
 *
 * The compression runs outside the thread that counts packets; that one only hands over the pieces.
 */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { constants, crc32, createZstdCompress, zstdDecompressSync } from 'node:zlib';
import { StateError } from '../../core/state/state-error.ts';
import { MAX_STATE_BYTES } from '../../core/state/state-writer.ts';

const LETTERS = Buffer.from('PNS1');
const CRC_BYTES = 4;
const DECOMPRESSED_AT_ONCE = 4 << 20;
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Resolves to the bytes on disk, once they would survive a power cut. */
export async function writeSnapshot(path: string, pieces: readonly Uint8Array[]): Promise<number> {
  const part = `${path}.part`;
  const file = await open(part, 'w', 0o600);
  let bytes = 0;
  try {
    let crc = 0;
    const write = async (chunk: Uint8Array) => {
      crc = crc32(chunk, crc);
      bytes += chunk.length;
      await file.writeFile(chunk);
    };
    await write(LETTERS);
    const compressed = Readable.from(pieces, { objectMode: true }).pipe(
      createZstdCompress(COMPRESSION),
    );
    for await (const chunk of compressed) await write(chunk as Buffer);
    const trailer = Buffer.alloc(CRC_BYTES);
    trailer.writeUInt32LE(crc);
    await write(trailer);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(part, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return bytes;
}

/** @throws StateError where the file is not what was written */
export async function readSnapshot(path: string): Promise<Uint8Array> {
  const file = await readFile(path).catch((error: Error) => {
    throw new StateError(error.message);
  });
  return openSnapshot(file);
}

function openSnapshot(file: Buffer): Uint8Array {
  const end = file.length - CRC_BYTES;
  if (end < LETTERS.length || !file.subarray(0, LETTERS.length).equals(LETTERS))
    throw new StateError('it is no snapshot');
  if (crc32(file.subarray(0, end)) !== file.readUInt32LE(end))
    throw new StateError('its checksum is wrong');
  try {
    return zstdDecompressSync(file.subarray(LETTERS.length, end), {
      maxOutputLength: MAX_STATE_BYTES,
      chunkSize: DECOMPRESSED_AT_ONCE,
    });
  } catch (error) {
    throw new StateError(`it cannot be decompressed: ${(error as Error).message}`);
  }
}
