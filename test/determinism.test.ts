/** The same packets give the same flows, windows, alerts and blocks, to the byte, however they were cut into batches, paced or carried. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadJudge } from '../src/app/model.ts';
import { SHIPPED_MODEL } from '../src/app/package-paths.ts';
import { openCapture } from '../src/capture/open-capture.ts';
import type { Alert } from '../src/contract/alert.ts';
import type { AnalysisOutput, BlockRequest } from '../src/contract/analysis.ts';
import { toFlowJson } from '../src/contract/flow-record.ts';
import { PacketBatch } from '../src/contract/packet-batch.ts';
import { toWindowJson } from '../src/contract/window-record.ts';
import { Analysis } from '../src/core/engine/analysis.ts';
import { StateReader } from '../src/core/state/state-reader.ts';
import { StateWriter } from '../src/core/state/state-writer.ts';
import { PacketDecoder } from '../src/core/wire/decoder.ts';
import type { EncodedBatch } from '../src/sensor/batch-producer.ts';
import { SourceBatches } from '../src/sensor/source-batches.ts';
import { readCaptureSharded } from '../src/sharded/read-capture-sharded.ts';
import { ShardedAnalysis } from '../src/sharded/sharded-analysis.ts';
import { decodeBatch, encodeBatch } from '../src/stream/batch-codec.ts';
import { readCapture } from '../src/workshop/read-capture.ts';

const CAPTURE = 'demo/demo.pcap.zst';
/** Enough for every kind of state; the whole capture takes its time in batches of one. */
const PACKETS = 95_000;

interface Digest {
  readonly digest: string;
  readonly alerts: number;
  readonly blocks: number;
  readonly windows: number;
}

/** A batch for `rows` packets, then what becomes of it before it is analysed. */
interface Way {
  readonly rowsOf: (batch: number) => number;
  readonly carry?: (batch: PacketBatch, sequence: number) => PacketBatch;
  /** After each batch another analysis goes on from what the one before has written. */
  readonly restarts?: boolean;
}

/** Takes in what an analysis puts out; `end` is the digest of all of it. */
function newDigest(): { take(output: AnalysisOutput): void; end(): Digest } {
  // One each: how the two interleave is the batches' business.
  const flowHash = createHash('sha256');
  const windowHash = createHash('sha256');
  const alerts = new Map<string, Alert>();
  const blocks: BlockRequest[] = [];
  let windows = 0;
  return {
    take(output) {
      for (const flow of output.flows) flowHash.update(JSON.stringify(toFlowJson(flow)));
      for (const window of output.windows) windowHash.update(JSON.stringify(toWindowJson(window)));
      for (const alert of output.alerts) alerts.set(alert.id, alert);
      blocks.push(...output.blocks);
      windows += output.windows.length;
    },
    end() {
      // By id: of alerts that a batch raises or changes together, the order says nothing.
      const all = [...alerts.values()].sort((a, b) => a.id.localeCompare(b.id));
      const digest = createHash('sha256')
        .update(flowHash.digest())
        .update(windowHash.digest())
        .update(JSON.stringify(all))
        .update(JSON.stringify(blocks));
      const counts = { alerts: alerts.size, blocks: blocks.length, windows };
      return { digest: digest.digest('hex'), ...counts };
    },
  };
}

async function digestOf({
  rowsOf,
  carry = (batch) => batch,
  restarts = false,
}: Way): Promise<Digest> {
  let analysis = newAnalysis();
  const { take, end } = newDigest();
  const decoder = new PacketDecoder();
  let sequence = 0;
  let packets = 0;
  let batch = new PacketBatch(rowsOf(0));
  const flush = () => {
    if (batch.length === 0) return;
    analysis.push(carry(batch, sequence));
    take(analysis.take());
    if (restarts) analysis = reborn(analysis);
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
  return end();
}

/** The whole capture as a paced replay cuts it: batches of what this many recorded seconds bring. */
async function digestAtSpeed(speed: number): Promise<Digest> {
  const analysis = newAnalysis();
  const { take, end } = newDigest();
  const maxSpanMicros = 1e6 * speed;
  const producer = new SourceBatches(await openCapture(CAPTURE), { maxSpanMicros });
  const place = { sensorId: 'digest', epoch: 'e', firstSequence: 0 };
  const keep = async ({ bytes }: EncodedBatch) => {
    analysis.push(decodeBatch(bytes).batch);
    take(analysis.take());
  };
  await producer.run(place, keep, new AbortController().signal);
  analysis.finish();
  take(analysis.take());
  return end();
}

async function digestOfShards(shards: number): Promise<Digest> {
  const analysis = new ShardedAnalysis({
    ...{ sensorId: 'digest', judge: loadJudge(null).judge, shards },
    model: readFileSync(SHIPPED_MODEL),
  });
  const { take, end } = newDigest();
  try {
    const damage = await readCaptureSharded(CAPTURE, analysis, take);
    if (damage) throw damage;
  } finally {
    await analysis.end();
  }
  return end();
}

function newAnalysis(): Analysis {
  return new Analysis({ sensorId: 'digest', judge: loadJudge(null).judge });
}

function reborn(analysis: Analysis): Analysis {
  const writer = new StateWriter();
  analysis.save(writer);
  const other = newAnalysis();
  other.load(new StateReader(writer.bytes()));
  return other;
}

describe('the digest over flows, windows, alerts and blocks asked for', () => {
  it('is the same for any batches and for batches that travelled', async () => {
    const whole = await digestOf({ rowsOf: () => 4096 });
    expect(whole.alerts).toBeGreaterThanOrEqual(5);
    expect(whole.windows).toBeGreaterThan(1000);
    expect(whole.blocks).toBeGreaterThanOrEqual(1);
    expect(await digestOf({ rowsOf: () => 4096 })).toEqual(whole);
    expect(await digestOf({ rowsOf: () => 17 })).toEqual(whole);
    expect(await digestOf({ rowsOf: (batch) => 1 + ((batch * 7919) % 1500) })).toEqual(whole);
    const travelled = await digestOf({
      rowsOf: () => 1000,
      carry: (batch, sequence) =>
        decodeBatch(encodeBatch(batch, { sensorId: 'digest', epoch: 'e', sequence })).batch,
    });
    expect(travelled).toEqual(whole);
  }, 240_000);

  it('is the same at any speed of a replay', async () => {
    const fast = await digestAtSpeed(1000);
    expect(fast.blocks).toBeGreaterThanOrEqual(5);
    expect(await digestAtSpeed(1)).toEqual(fast);
  }, 240_000);

  it('is the same for any number of threads', async () => {
    const { take, end } = newDigest();
    const damage = await readCapture(CAPTURE, newAnalysis(), take);
    const alone = end();
    expect(damage).toBeNull();
    expect(alone.blocks).toBeGreaterThanOrEqual(5);
    for (const shards of [1, 2, 5]) expect(await digestOfShards(shards)).toEqual(alone);
  }, 240_000);

  it('is the same when the analysis ends and begins again after every batch', async () => {
    const whole = await digestOf({ rowsOf: () => 4096 });
    expect(await digestOf({ rowsOf: () => 1500, restarts: true })).toEqual(whole);
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
