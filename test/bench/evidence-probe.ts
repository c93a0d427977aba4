/**
 * What the ring of evidence adds to a packet, ns of CPU time, on the thread that captures:
 * `node --expose-gc test/bench/evidence-probe.ts [PACKETS] [PAYLOAD_BYTES] [CONVERSATIONS]`. Frames lie in memory
 * and are decoded before; the disk is the one below the temporary folder. One JSON line per pass, the first
 * warm up; `thread_ns` is the capture thread's own with all indexes, `process_ns` has the writing with it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, cpuUsage, memoryUsage, stdout, threadCpuUsage } from 'node:process';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';
import { EvidenceRing } from '../../src/sensor/evidence/evidence-ring.ts';

const PASSES = 6;
const BATCH_ROWS = 4096;
/** Less than one of the ring's buffers. */
const CHUNK_BYTES = 2 ** 21;
const HEADER_BYTES = 54;

const packets = Number(argv[2] ?? 1_000_000);
const payloadBytes = Number(argv[3] ?? 146);
const conversations = Number(argv[4] ?? 4096);
const frameBytes = HEADER_BYTES + payloadBytes;
/** A power of two, so that chunks do not cross batches. */
const chunkRows = Math.min(BATCH_ROWS, 2 ** Math.floor(Math.log2(CHUNK_BYTES / frameBytes)));
const bytes = new Uint8Array(BATCH_ROWS * frameBytes);
const view = new DataView(bytes.buffer);
const frame = {
  ...{ view, bytes, start: 0, end: 0, wireLength: frameBytes },
  ...{ tsMicros: 0, linkType: 1, interface: 'probe' },
};
const decoder = new PacketDecoder();
const batches = Array.from({ length: Math.ceil(conversations / BATCH_ROWS) }, (_, at) => {
  const batch = new PacketBatch(BATCH_ROWS);
  for (let row = 0; row < BATCH_ROWS; row++) {
    write(row, (at * BATCH_ROWS + row) % conversations);
    place(row);
    decoder.decode(frame, batch);
  }
  return batch;
});

const dir = await mkdtemp(join(tmpdir(), 'phantomnet-evidence-probe-'));
try {
  for (let pass = 0; pass < PASSES; pass++) await measure(pass);
} finally {
  await rm(dir, { recursive: true, force: true });
}

async function measure(pass: number): Promise<void> {
  const ring = await EvidenceRing.open({ dir, maxBytes: 2 ** 28 });
  globalThis.gc?.();
  const heap = memoryUsage().heapUsed;
  const before = cpuUsage();
  const onThread = threadCpuUsage();
  for (let done = 0; done < packets; done += chunkRows) {
    const batch = batches[Math.floor(done / BATCH_ROWS) % batches.length];
    if (!batch) break;
    for (let row = done % BATCH_ROWS, end = row + chunkRows; row < end; row++) {
      place(row);
      ring.append(frame, batch, row);
    }
    // At full speed no disk keeps up: nothing is dropped here, so that every packet is measured.
    await ring.settle();
  }
  const thread = threadCpuUsage(onThread);
  const grown = memoryUsage().heapUsed - heap;
  await ring.close();
  const { user, system } = cpuUsage(before);
  const line = {
    ...{ pass, packets, frame_bytes: frameBytes, conversations },
    thread_ns: Math.round(((thread.user + thread.system) * 1000) / packets),
    process_ns: Math.round(((user + system) * 1000) / packets),
    heap_bytes_per_packet: Number((grown / packets).toFixed(2)),
    dropped: ring.stats.dropped,
  };
  stdout.write(`${JSON.stringify(line)}\n`);
}

function place(row: number): void {
  frame.start = row * frameBytes;
  frame.end = frame.start + frameBytes;
}

function write(row: number, conversation: number): void {
  const at = row * frameBytes;
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0], at);
  bytes.set([0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 0, 192, 0, 2, 1], at + 14);
  view.setUint16(at + 16, frameBytes - 14);
  view.setUint16(at + 28, conversation >> 16);
  view.setUint16(at + 34, conversation & 0xffff);
  view.setUint16(at + 36, 9_000);
  bytes.set([0x50, 0x18, 0xfa, 0xf0], at + 46);
  bytes.fill(170, at + HEADER_BYTES, at + frameBytes);
}
