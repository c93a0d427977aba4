/** The bundled capture, replayed through a sensor's own path as if it had just happened. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DEMO_SENSOR } from '../contract/demo-sensor.ts';
import type { EvidenceSettings } from '../sensor/evidence/ring-folders.ts';
import { replay } from '../sensor/replay.ts';
import type { Log } from './log.ts';
import { PACKAGE_DIR } from './package-paths.ts';

const DEMO_CAPTURE = join(PACKAGE_DIR, 'demo', 'demo.pcap.zst');
/** All of its packets fit. */
const EVIDENCE_BYTES = 128 * 2 ** 20;
const PROGRESS_MS = 5_000;

/** Resolves when the server has all of it, or `signal` aborts. */
export async function replayDemo({
  url,
  key,
  dataDir,
  evidence,
  log,
  signal,
}: {
  url: string;
  key: string;
  dataDir: string;
  evidence: EvidenceSettings | undefined;
  log: Log;
  signal: AbortSignal;
}): Promise<void> {
  if (!existsSync(DEMO_CAPTURE)) {
    log.warn(`There is no demo: ${DEMO_CAPTURE} is missing`);
    return;
  }
  const spoolDir = join(dataDir, 'demo-spool');
  // What is left of a replay that was cut off: this one brings all of it again.
  await rm(spoolDir, { recursive: true, force: true });
  log.info('Replaying the demo capture: labelled attacks over ordinary traffic …');
  let said = Date.now();
  const stats = await replay([DEMO_CAPTURE], {
    url,
    key,
    sensorId: DEMO_SENSOR,
    restamp: 'now',
    spoolDir,
    evidence: evidence && {
      ...evidence,
      maxBytes: Math.min(evidence.maxBytes ?? EVIDENCE_BYTES, EVIDENCE_BYTES),
    },
    signal,
    onTrouble: (message) => log.warn(message),
    onProgress: ({ rows, shipper }) => {
      if (Date.now() - said < PROGRESS_MS) return;
      said = Date.now();
      log.info({ read: rows, sent: shipper.sentRows }, 'demo');
    },
  });
  log.info({ packets: stats.rows }, 'The demo has been replayed');
}
