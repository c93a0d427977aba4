/** What is said of an alert by the packets that its sensor still keeps: with the demo, and a ring filled from it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCapture } from '../../capture/open-capture.ts';
import type { Source } from '../../capture/source.ts';
import type { Alert } from '../../contract/alert.ts';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { Analysis } from '../../core/engine/analysis.ts';
import { PacketDecoder } from '../../core/wire/decoder.ts';
import type { EncodedBatch } from '../../sensor/batch-producer.ts';
import { EvidenceRing } from '../../sensor/evidence/evidence-ring.ts';
import { ringFolder } from '../../sensor/evidence/ring-folders.ts';
import { SourceBatches } from '../../sensor/source-batches.ts';
import { decodeBatch } from '../../stream/batch-codec.ts';
import { readCapture } from '../../workshop/read-capture.ts';
import { originsOfEvidence } from './packet-origin.ts';
import { verifyAlerts } from './verify-alerts.ts';

const DEMO = 'demo/demo.pcap.zst';
const MIB = 2 ** 20;
const HOUR_MICROS = 3600e6;
const root = mkdtempSync(join(tmpdir(), 'phantomnet-verify-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A sensor's run: the demo into its ring, as late as said. */
async function keepDemo(
  dir: string,
  { maxBytes = 256 * MIB, snapBytes = 65_535, shiftMicros = 0 } = {},
): Promise<void> {
  const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0), maxBytes, snapBytes });
  const source = await openCapture(DEMO);
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(1);
  const onFrame = (frame: Parameters<Parameters<typeof source.run>[0]>[0]) => {
    const row = decoder.decode(frame, batch);
    batch.tsMicros[row] = frame.tsMicros + shiftMicros;
    ring.append(frame, batch, row);
    batch.clear();
  };
  await source.run(onFrame, { onChunk: () => ring.settle() });
  await ring.close();
}

/**
 * A sensor's run over the demo, and what the analysis made of the batches that came to it: the kernel drops one packet
 * of ten, or the spool gives up one batch of five.
 */
async function runLossy(dir: string, where: 'kernel' | 'spool'): Promise<Alert[]> {
  const evidence = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0), maxBytes: 256 * MIB });
  const analysis = new Analysis({ sensorId: 'lab', judge: null });
  const found = new Map<string, Alert>();
  const take = () => {
    for (const alert of analysis.take().alerts) found.set(alert.id, alert);
  };
  const demo = await openCapture(DEMO);
  const source = where === 'kernel' ? dropping(demo) : demo;
  const batches = new SourceBatches(source, { maxRows: 500, evidence, waitForEvidence: true });
  let lost = 0;
  const keep = async ({ bytes, rows, sequence }: EncodedBatch) => {
    if (where === 'spool' && sequence % 5 === 0) {
      lost += rows;
      return;
    }
    const { batch } = decodeBatch(bytes);
    if (lost > 0) analysis.miss(lost, batch.tsMicros[0] ?? 0);
    lost = 0;
    analysis.push(batch);
    take();
  };
  const place = { sensorId: 'lab', epoch: 'e', firstSequence: 1 };
  await batches.run(place, keep, new AbortController().signal);
  analysis.finish();
  take();
  await evidence.close();
  return [...found.values()];
}

function dropping(source: Source): Source {
  const stats = { ...source.stats };
  let count = 0;
  return {
    name: source.name,
    stats,
    run: (onFrame, options) =>
      source.run((frame) => {
        if (++count % 10 === 0) stats.kernelDrops++;
        else onFrame(frame);
      }, options),
  };
}

const verify = (alerts: readonly Alert[], dir: string, isOneOrigin = false) =>
  verifyAlerts(alerts, {
    origins: (alert) => originsOfEvidence(dir, alert),
    judges: () => [null],
    analysis: {},
    isOneOrigin,
    isPolicyKnown: false,
  });

describe('verifyAlerts by the packets that are kept', () => {
  let alerts: Alert[];

  beforeAll(async () => {
    const found = new Map<string, Alert>();
    await readCapture(DEMO, new Analysis({ sensorId: 'lab', judge: null }), (output) => {
      for (const alert of output.alerts) found.set(alert.id, alert);
    });
    alerts = [...found.values()];
  });

  it('comes out equal where all are kept, and differs where the alert was changed', async () => {
    const dir = join(root, 'whole');
    await keepDemo(dir);
    const [first, last] = [alerts[0], alerts.at(-1)];
    if (!first || !last) throw new Error('The demo has no alerts');
    const changed = { ...last, byte_count: last.byte_count + 1 };
    expect(await verify([first, last, changed], dir)).toMatchObject([
      { result: 'equal', reasons: [] },
      { result: 'equal', reasons: [] },
      { result: 'differs', reasons: [], differences: [{ field: 'byte_count' }] },
    ]);
    const decided = { ...first, decision: 'BLOCK' as const };
    const [verdict] = await verify([decided], dir);
    expect(verdict?.result).toBe('cannot');
    expect(verdict?.reasons[0]).toContain('policy');
  });

  it('finds the run of the sensor that the alert is of', async () => {
    const dir = join(root, 'twice');
    await keepDemo(dir, { shiftMicros: -HOUR_MICROS });
    await keepDemo(dir);
    const last = alerts.at(-1);
    if (!last) throw new Error('The demo has no alerts');
    expect(await verify([last], dir)).toMatchObject([{ result: 'equal' }]);
  });

  it('cannot say where packets are kept in part, and how many', async () => {
    const dir = join(root, 'cut');
    await keepDemo(dir, { snapBytes: 96 });
    const ofContent = alerts.filter(({ alert_type }) => alert_type === 'SQL_Injection');
    const [verdict] = await verify(ofContent, dir);
    expect(verdict?.result).toBe('cannot');
    expect(verdict?.reasons.join()).toMatch(/^\d+ of \d+ packets are kept only in part/);
  });

  it('cannot say where its packets have made room for others', async () => {
    const dir = join(root, 'small');
    await keepDemo(dir, { maxBytes: 8 * MIB });
    const [verdict] = await verify(alerts.slice(0, 1), dir);
    expect(verdict).toMatchObject({ result: 'cannot', differences: null });
    expect(verdict?.reasons[0]).toContain('are not kept any more');
  });

  it('comes out equal where the kernel dropped packets, loss and all', async () => {
    const dir = join(root, 'lossy');
    const lossy = await runLossy(dir, 'kernel');
    const unsure = lossy.filter(({ evidence }) =>
      evidence.some(({ numbers }) => Number(numbers.completeness) < 0.95),
    );
    expect(unsure.length).toBeGreaterThan(0);
    for (const { result, reasons } of await verify(lossy, dir, true))
      expect({ result, reasons }).toEqual({ result: 'equal', reasons: [] });
    const [any] = unsure;
    if (!any) throw new Error('No alert knows of the loss');
    const changed = { ...any, byte_count: any.byte_count + 1 };
    expect(await verify([changed], dir)).toMatchObject([
      { result: 'differs', reasons: [], differences: [{ field: 'byte_count' }] },
    ]);
  }, 60_000);

  it('cannot say where the sensor gave up batches that it has the packets of', async () => {
    const dir = join(root, 'gaps');
    const lossy = await runLossy(dir, 'spool');
    const unsure = lossy.filter(({ evidence }) =>
      evidence.some(({ numbers }) => numbers.completeness !== undefined),
    );
    const verdicts = await verify(unsure, dir, true);
    expect(verdicts.length).toBeGreaterThan(0);
    for (const { result, reasons } of verdicts) {
      expect(result).toBe('cannot');
      expect(reasons.join()).toMatch(/had seen \d+ % of the packets of its time/);
    }
  }, 60_000);

  it('cannot say where nothing is kept', async () => {
    const [verdict] = await verify(alerts.slice(0, 1), join(root, 'nothing'));
    expect(verdict).toMatchObject({ result: 'cannot', origin: null });
    expect(verdict?.reasons[0]).toContain('no packets of sensor lab are kept');
  });
});
