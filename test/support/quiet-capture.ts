/** The bundled capture as far as nothing but ordinary traffic is in it. */
import { writeFileSync } from 'node:fs';
import { openCapture } from '../../src/capture/open-capture.ts';
import { pcapFileHeader, pcapRecord } from '../../src/capture/write-pcap.ts';
import { ETHERNET } from '../../src/core/wire/link-layer.ts';

export const DEMO = 'demo/demo.pcap.zst';
/** The demo's first attack begins three seconds later. */
const QUIET_UNTIL_MICROS = 1_795_202_500e6;

export async function writeQuiet(path: string): Promise<void> {
  const parts: Uint8Array[] = [pcapFileHeader(ETHERNET)];
  const source = await openCapture(DEMO);
  await source.run((frame) => {
    if (frame.tsMicros < QUIET_UNTIL_MICROS) parts.push(pcapRecord(frame));
  });
  writeFileSync(path, Buffer.concat(parts));
}
