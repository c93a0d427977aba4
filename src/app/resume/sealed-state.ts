/**
 * The state of an analysis as it is kept: four letters, the state compressed with zstd, a CRC-32 of all before it.
 * The compression runs outside the thread that counts packets; that one only hands over the pieces.
 */
import { Readable } from 'node:stream';
import { constants, crc32, createZstdCompress, zstdDecompressSync } from 'node:zlib';
import { StateError } from '../../core/state/state-error.ts';
import { MAX_STATE_BYTES } from '../../core/state/state-writer.ts';

const LETTERS = Buffer.from('PNS1');
const CRC_BYTES = 4;
const DECOMPRESSED_AT_ONCE = 4 << 20;
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** The sealed state, chunk by chunk. */
export async function* sealState(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  let crc = crc32(LETTERS);
  yield LETTERS;
  const compressed = Readable.from(pieces, { objectMode: true }).pipe(
    createZstdCompress(COMPRESSION),
  );
  for await (const chunk of compressed) {
    crc = crc32(chunk as Buffer, crc);
    yield chunk as Buffer;
  }
  const trailer = Buffer.alloc(CRC_BYTES);
  trailer.writeUInt32LE(crc);
  yield trailer;
}

/** @throws StateError where it is not what was sealed */
export function openState(sealed: Buffer): Uint8Array {
  const end = sealed.length - CRC_BYTES;
  if (end < LETTERS.length || !sealed.subarray(0, LETTERS.length).equals(LETTERS))
    throw new StateError('it is no snapshot');
  if (crc32(sealed.subarray(0, end)) !== sealed.readUInt32LE(end))
    throw new StateError('its checksum is wrong');
  try {
    return zstdDecompressSync(sealed.subarray(LETTERS.length, end), {
      maxOutputLength: MAX_STATE_BYTES,
      chunkSize: DECOMPRESSED_AT_ONCE,
    });
  } catch (error) {
    throw new StateError(`it cannot be decompressed: ${(error as Error).message}`);
  }
}
