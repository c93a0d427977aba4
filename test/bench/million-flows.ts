/**
 * What a million conversations at once take: `node --expose-gc test/bench/million-flows.ts [FLOWS]`. Prints one JSON line:
 * flows held, resident size before, after and at its peak (MB), bytes a flow, packets per second of processor time.
 */
import { argv, cpuUsage, memoryUsage, resourceUsage, stdout } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { addSyns } from '../../src/core/engine/spoofed-flood.suite.ts';
import { FlowTable } from '../../src/core/flows/flow-table.ts';

/** So fast that none has timed out when the last begins. */
const PER_SECOND = 1_000_000;

const flows = Number(argv[2] ?? 1_000_000);
const batch = new PacketBatch(4096);
const table = new FlowTable({ sensorId: 'million', onEnd: () => {}, maxFlows: flows });
globalThis.gc?.();
const before = memoryUsage.rss();
const started = cpuUsage();
for (let next = 0; next < flows; ) {
  batch.clear();
  next = addSyns(batch, next, flows, PER_SECOND);
  for (let row = 0; row < batch.length; row++) table.observe(batch, row);
}
const { user, system } = cpuUsage(started);
// What was copied from is freed in the background.
globalThis.gc?.();
await sleep(500);
globalThis.gc?.();
const after = memoryUsage.rss();
const megabytes = (bytes: number) => Math.round(bytes / 1e6);
const held = {
  flows: table.size,
  evicted: table.counters.evicted,
  rss_before_mb: megabytes(before),
  rss_after_mb: megabytes(after),
  rss_peak_mb: megabytes(resourceUsage().maxRSS * 1024),
  bytes_a_flow: Math.round((after - before) / flows),
  pps: Math.round((flows / (user + system)) * 1e6),
};
stdout.write(`${JSON.stringify(held)}\n`);
