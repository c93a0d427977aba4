/**
 * How many packets per second flow table and windows take, decode left out:
 * `node test/bench/flows-probe.ts CAPTURE [ROUNDS]`. Prints one line per round.
 */
import { argv, cpuUsage, stdout } from 'node:process';
import { openCapture } from '../../src/capture/open-capture.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { WindowAggregator } from '../../src/core/features/window-aggregator.ts';
import { FlowTable } from '../../src/core/flows/flow-table.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';

const BATCH_ROWS = 4096;

const [file = '../shared/data/lab/train/train.pcap.zst', rounds = '3'] = argv.slice(2);
const batches = await decode(file);
const packets = batches.reduce((sum, batch) => sum + batch.length, 0);

for (let round = 0; round < Number(rounds); round++) {
  const flowsOnly = time(() => run(false));
  const both = time(() => run(true));
  const { flows, rows } = run(true);
  stdout.write(
    `${packets} packets: flows ${rate(flowsOnly)}, with windows ${rate(both)} packets/s; ${flows} flows, ${rows} rows\n`,
  );
}

async function decode(path: string): Promise<PacketBatch[]> {
  const source = await openCapture(path);
  const decoder = new PacketDecoder();
  const result: PacketBatch[] = [];
  let batch = new PacketBatch(BATCH_ROWS);
  await source.run((frame) => {
    decoder.decode(frame, batch);
    if (!batch.isFull) return;
    result.push(batch);
    batch = new PacketBatch(BATCH_ROWS);
  });
  result.push(batch);
  return result;
}

function run(withWindows: boolean): { flows: number; rows: number } {
  let flows = 0;
  let rows = 0;
  const table = new FlowTable({ sensorId: 'probe', onEnd: () => flows++ });
  const windows = new WindowAggregator({ sensorId: 'probe', onRow: () => rows++ });
  for (const batch of batches)
    for (let row = 0; row < batch.length; row++) {
      const slot = table.observe(batch, row);
      if (withWindows) windows.observe(batch, row, table, slot);
    }
  table.flush();
  windows.flush();
  return { flows, rows };
}

/** Seconds of processor time: what a core that we had for ourselves would have taken at most. */
function time(work: () => void): number {
  const start = cpuUsage();
  work();
  const { user, system } = cpuUsage(start);
  return (user + system) / 1e6;
}

function rate(seconds: number): string {
  return Math.round(packets / seconds).toLocaleString('en');
}
