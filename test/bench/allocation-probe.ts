/**
 * What a packet leaves on the heap, stage by stage, in conversations that are open and carry data without text:
 * `node --expose-gc --max-semi-space-size=128 test/bench/allocation-probe.ts [PACKETS]`. One JSON line per stage:
 * bytes per packet, as growth of the heap between two points without a collection in between.
 */
import { argv, memoryUsage, stdout } from 'node:process';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { Analysis } from '../../src/core/engine/analysis.ts';
import { WindowAggregator } from '../../src/core/features/window-aggregator.ts';
import { FlowTable } from '../../src/core/flows/flow-table.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';

const CONVERSATIONS = 256;
const PAYLOAD_BYTES = 200;
const FRAME_BYTES = 14 + 20 + 20 + PAYLOAD_BYTES;
const BATCH_ROWS = 4096;
const ETHERNET = 1;
/** 5 µs between packets: 200,000 of them stay within one window. */
const GAP_MICROS = 5;
const START_MICROS = 1_700_000_000_000_000;

const packets = Number(argv[2] ?? 200_000);
if (!globalThis.gc) throw new Error('Cannot measure: start node with --expose-gc');

const bytes = new Uint8Array(CONVERSATIONS * FRAME_BYTES);
const view = new DataView(bytes.buffer);
const frame = { view, bytes, start: 0, end: 0, wireLength: FRAME_BYTES, tsMicros: 0 };
const wire = Object.assign(frame, { linkType: ETHERNET, interface: 'probe' });
for (let number = 0; number < CONVERSATIONS; number++) write(number);

const decoder = new PacketDecoder();
const batch = new PacketBatch(BATCH_ROWS);
const table = new FlowTable({ sensorId: 'probe', onEnd() {} });
const windowFlows = new FlowTable({ sensorId: 'probe', onEnd() {} });
const windows = new WindowAggregator({ sensorId: 'probe', onRow() {} });
const analysis = new Analysis({ sensorId: 'probe', judge: null });

report('decode', () => {});
report('flows', () => {
  for (let row = 0; row < batch.length; row++) table.observe(batch, row);
});
report('flows, windows', () => {
  for (let row = 0; row < batch.length; row++)
    windows.observe(batch, row, windowFlows, windowFlows.observe(batch, row));
});
report('flows, windows, detectors', () => analysis.push(batch));

function report(stage: string, take: () => void): void {
  let clock = START_MICROS;
  const pass = () => {
    for (let done = 0; done < packets; ) {
      batch.clear();
      for (; done < packets && !batch.isFull; done++) {
        advance(done % CONVERSATIONS);
        frame.tsMicros = clock;
        clock += GAP_MICROS;
        decoder.decode(wire, batch);
      }
      take();
    }
  };
  // Warm: compiled, and the tables have the size that they need.
  for (let round = 0; round < 4; round++) pass();
  globalThis.gc?.();
  const before = memoryUsage().heapUsed;
  pass();
  const grown = memoryUsage().heapUsed - before;
  stdout.write(`${JSON.stringify({ stage, packets, bytes_per_packet: grown / packets })}\n`);
}

/** The conversation's next segment: the sequence number goes on. */
function advance(number: number): void {
  frame.start = number * FRAME_BYTES;
  frame.end = frame.start + FRAME_BYTES;
  const at = frame.start + 38;
  view.setUint32(at, view.getUint32(at) + PAYLOAD_BYTES);
}

function write(number: number): void {
  const at = number * FRAME_BYTES;
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0], at);
  const ip = at + 14;
  bytes.set([0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, number, 192, 0, 2, 1], ip);
  view.setUint16(ip + 2, FRAME_BYTES - 14);
  const tcp = ip + 20;
  view.setUint16(tcp, 40_000);
  view.setUint16(tcp + 2, 9_000);
  view.setUint32(tcp + 8, 1);
  bytes.set([0x50, 0x18, 0xfa, 0xf0], tcp + 12);
  for (let i = 0; i < PAYLOAD_BYTES; i++) bytes[tcp + 20 + i] = 128 + ((i * 37 + number) & 127);
}
