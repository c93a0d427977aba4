/**
 * The capture that the whole pipeline is measured on: an hour of ordinary traffic, then attacks of twenty kinds over
 * such traffic, as the laboratory beside the repository recorded them; the bundled demo where that is not there.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_DIR } from '../app/package-paths.ts';
import { openCapture } from '../capture/open-capture.ts';
import { pcapRecord } from '../capture/write-pcap.ts';
import { ETHERNET } from '../core/wire/link-layer.ts';
import { type BenchCapture, makeBenchCapture, makeBenchFolder } from './bench-capture.ts';
import { PcapFile } from './pcap-file.ts';

const LAB = join(PACKAGE_DIR, '..', 'shared', 'data', 'lab');
const RECORDINGS = [
  join(LAB, 'benign', 'benign.pcap.zst'),
  join(LAB, 'train', 'train.pcap.zst'),
] as const;
/** Between the two recordings, so that packet time never runs backwards. */
const PAUSE_MICROS = 60e6;

/** `maxPackets`: the first so many. */
export async function makeLabCapture(
  say: (line: string) => void,
  maxPackets = Number.POSITIVE_INFINITY,
): Promise<BenchCapture> {
  if (!RECORDINGS.every(existsSync)) {
    say('The laboratory recordings are not there: measured on the bundled demo');
    return makeBenchCapture();
  }
  const folder = makeBenchFolder();
  const path = join(folder.path, 'lab.pcap');
  const file = new PcapFile(path, ETHERNET);
  let packets = 0;
  let latest = Number.NEGATIVE_INFINITY;
  for (const recording of RECORDINGS) {
    let shift = Number.NaN;
    const source = await openCapture(recording);
    await source.run((frame) => {
      if (packets >= maxPackets) return;
      if (Number.isNaN(shift)) shift = Math.max(0, latest + PAUSE_MICROS - frame.tsMicros);
      frame.tsMicros += shift;
      latest = Math.max(latest, frame.tsMicros);
      file.put(pcapRecord(frame));
      packets++;
    });
  }
  file.close();
  return { path, packets, remove: folder.remove };
}
