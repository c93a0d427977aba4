/** The capture that most is measured on: the bundled demo, unpacked so that no peer has to. */
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdDecompress } from 'node:zlib';
import { PACKAGE_DIR } from '../app/package-paths.ts';
import { openCapture } from '../capture/open-capture.ts';

export interface BenchCapture {
  readonly path: string;
  readonly packets: number;
  remove(): void;
}

export async function makeBenchCapture(): Promise<BenchCapture> {
  const folder = makeBenchFolder();
  const path = join(folder.path, 'bench.pcap');
  await pipeline(
    createReadStream(join(PACKAGE_DIR, 'demo', 'demo.pcap.zst')),
    createZstdDecompress({ params: { [constants.ZSTD_d_windowLogMax]: 31 } }),
    createWriteStream(path),
  );
  let packets = 0;
  const source = await openCapture(path);
  await source.run(() => {
    packets++;
  });
  return { path, packets, remove: folder.remove };
}

/** A folder for a capture that lasts as long as the bench. */
export function makeBenchFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'phantomnet-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true }) };
}
