/** Where the frames come from that are broken: the published captures, or the bundled demo where they are not there. */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openCapture } from '../../src/capture/open-capture.ts';
import { AppError } from '../../src/errors.ts';

const PUBLISHED = resolve('../shared/data/decode');
const DEMO = resolve('demo/demo.pcap.zst');

export interface SeedFrame {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
  readonly tsMicros: number;
  readonly linkType: number;
}

export function seedCaptures(): string[] {
  if (!existsSync(PUBLISHED)) return [DEMO];
  return readdirSync(PUBLISHED, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(pcap|pcapng|cap)(\.gz)?$/.test(name))
    .sort()
    .map((name) => join(PUBLISHED, name));
}

/** The first frames of a capture, those before the damage where it is damaged. */
export async function readSeeds(path: string, maxFrames: number): Promise<SeedFrame[]> {
  const seeds: SeedFrame[] = [];
  const enough = new AbortController();
  try {
    const source = await openCapture(path, { chunkBytes: 1 << 16 });
    await source.run(
      ({ bytes, start, end, wireLength, tsMicros, linkType }) => {
        if (seeds.length < maxFrames)
          seeds.push({ bytes: bytes.slice(start, end), wireLength, tsMicros, linkType });
        else enough.abort();
      },
      { signal: enough.signal },
    );
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
  return seeds;
}
