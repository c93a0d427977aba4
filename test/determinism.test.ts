/** The same packets give the same alerts and windows, to the byte, however they were cut into batches or carried. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { loadJudge } from '../src/app/model.ts';
import { openCapture } from '../src/capture/open-capture.ts';
import type { AnalysisOutput } from '../src/contract/analysis.ts';
import { toFlowJson } from '../src/contract/flow-record.ts';
import { PacketBatch } from '../src/contract/packet-batch.ts';
import { toWindowJson } from '../src/contract/window-record.ts';
import { Analysis } from '../src/core/engine/analysis.ts';
import { PacketDecoder } from '../src/core/wire/decoder.ts';
import { decodeBatch, encodeBatch } from '../src/stream/batch-codec.ts';

const CAPTURE = 'demo/demo.pcap.zst';
/** Enough for every kind of state; the whole capture takes its time in batches of one. */
const PACKETS = 60_000;

/** A batch for `rows` packets, then what becomes of it before it is analysed. */
interface Way {
  readonly rowsOf: (batch: number) => number;
  readonly carry?: (batch: PacketBatch, sequence: number) => PacketBatch;
}

async function digestOf({
  rowsOf,
  carry = (batch) => batch,
}: Way): Promise<{ digest: string; alerts: number; windows: number }> {
  const { judge } = loadJudge(null);
  const analysis = new Analysis({ sensorId: 'digest', judge });
  // One each: how the two interleave is the batches' business.
  const flowHash = createHash('sha256');
  const windowHash = createHash('sha256');
  const alerts = new Map<string, unknown>();
  let windows = 0;
  const take = (output: AnalysisOutput) => {
    for (const flow of output.flows) flowHash.update(JSON.stringify(toFlowJson(flow)));
    for (const window of output.windows) windowHash.update(JSON.stringify(toWindowJson(window)));
    for (const alert of output.alerts) alerts.set(alert.id, alert);
    windows += output.windows.length;
  };
  const decoder = new PacketDecoder();
  let sequence = 0;
  let packets = 0;
  let batch = new PacketBatch(rowsOf(0));
  const flush = () => {
    if (batch.length === 0) return;
    analysis.push(carry(batch, sequence));
    take(analysis.take());
    batch = new PacketBatch(rowsOf(++sequence));
  };
  const source = await openCapture(CAPTURE);
  await source.run((frame) => {
    if (++packets > PACKETS) return;
    if (batch.isFull) flush();
    decoder.decode(frame, batch);
  });
  flush();
  analysis.finish();
  take(analysis.take());
  const digest = createHash('sha256')
    .update(flowHash.digest())
    .update(windowHash.digest())
    .update(JSON.stringify([...alerts.values()]));
  return { digest: digest.digest('hex'), alerts: alerts.size, windows };
}

describe('the digest over flows, windows and alerts', () => {
  it('is the same for any batches and for batches that travelled', async () => {
    const whole = await digestOf({ rowsOf: () => 4096 });
    expect(whole.alerts).toBeGreaterThanOrEqual(5);
    expect(whole.windows).toBeGreaterThan(1000);
    expect(await digestOf({ rowsOf: () => 4096 })).toEqual(whole);
    expect(await digestOf({ rowsOf: () => 17 })).toEqual(whole);
    expect(await digestOf({ rowsOf: (batch) => 1 + ((batch * 7919) % 1500) })).toEqual(whole);
    const travelled = await digestOf({
      rowsOf: () => 1000,
      carry: (batch, sequence) =>
        decodeBatch(encodeBatch(batch, { sensorId: 'digest', epoch: 'e', sequence })).batch,
    });
    expect(travelled).toEqual(whole);
  }, 120_000);

  it('changes when one packet is missing', async () => {
    // The digest must be able to fail.
    let first = true;
    const whole = await digestOf({ rowsOf: () => 4096 });
    const short = await digestOf({
      rowsOf: () => 4096,
      carry: (batch) => {
        if (first) batch.length--;
        first = false;
        return batch;
      },
    });
    expect(short.digest).not.toBe(whole.digest);
  }, 60_000);
});
