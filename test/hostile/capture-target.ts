/** Capture files against the readers, all the way from the disk. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCapture } from '../../src/capture/open-capture.ts';
import { AppError } from '../../src/errors.ts';
import { mutate, newMutant } from './frame-mutator.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { builtCaptures, publishedCaptures } from './small-captures.ts';

const CODES: readonly string[] = ['capture_damaged', 'input_invalid'];
/** Pieces that end within records. */
const CHUNK_BYTES = 64;

const dir = mkdtempSync(join(tmpdir(), 'phantomnet-fuzz-'));
process.on('exit', () => rmSync(dir, { recursive: true }));
const path = join(dir, 'input.capture');
const mutant = newMutant();

export const captureTarget: FuzzTarget<Uint8Array> = {
  async *seeds() {
    for (const { bytes } of [...builtCaptures(), ...publishedCaptures()])
      yield Uint8Array.from(bytes);
  },

  breed(one, other, random) {
    mutant.bytes.set(one);
    mutant.length = one.length;
    mutate(mutant, other, random);
    return mutant.bytes.slice(0, mutant.length);
  },

  async run(inputs) {
    for (const bytes of inputs) {
      writeFileSync(path, bytes);
      try {
        const source = await openCapture(path, { chunkBytes: CHUNK_BYTES });
        await source.run(({ start, end, wireLength, tsMicros }) => {
          if (end < start || wireLength < end - start) throw new Error('A frame of less than 0');
          if (!Number.isFinite(tsMicros)) throw new Error('A frame without a time');
        });
      } catch (error) {
        if (!(error instanceof AppError) || !CODES.includes(error.code)) throw error;
      }
    }
  },

  tell: (bytes) => Buffer.from(bytes).toString('hex'),
};
