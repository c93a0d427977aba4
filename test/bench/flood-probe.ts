/**
 * A SYN flood from as many made-up sources as packets, through the whole analysis with models:
 * `node test/bench/flood-probe.ts [PACKETS]`. Prints one JSON line: packets per second of processor time, the
 * greatest resident size, what was given up, the alerts.
 */
import { argv, cpuUsage, memoryUsage, stdout } from 'node:process';
import { loadJudge } from '../../src/app/model.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { Analysis } from '../../src/core/engine/analysis.ts';
import { addAll, addSyns, goOn, openClient } from '../../src/core/engine/spoofed-flood.suite.ts';

const PER_SECOND = 300_000;
const CLIENTS = 1_000;

const packets = Number(argv[2] ?? 3_000_000);
const analysis = new Analysis({ sensorId: 'flood', judge: loadJudge(null).judge });
const clients = Array.from({ length: CLIENTS }, (_, number) => number);
const alerts = new Map<string, string>();
const batch = new PacketBatch(4096);
let flows = 0;
let keptClients = 0;
let peakBytes = 0;
let seconds = 0;

for (const number of clients) add(() => addAll(batch, openClient(number)));
for (let next = 0; next < packets; ) {
  next = addSyns(batch, next, packets, PER_SECOND);
  push();
}
for (const number of clients) add(() => addAll(batch, [goOn(number, packets / PER_SECOND)]));
push();
analysis.finish();
take();
stdout.write(
  `${JSON.stringify({
    packets: analysis.counts.packets,
    pps: Math.round(analysis.counts.packets / seconds),
    peak_rss_mb: Math.round(peakBytes / 1e6),
    flows,
    kept_clients: keptClients,
    evictions: analysis.counts.evictions,
    alerts: [...alerts.values()],
  })}\n`,
);

function add(write: () => void): void {
  if (batch.length + 8 > batch.capacity) push();
  write();
}

function push(): void {
  const start = cpuUsage();
  analysis.push(batch);
  take();
  const { user, system } = cpuUsage(start);
  seconds += (user + system) / 1e6;
  batch.clear();
  peakBytes = Math.max(peakBytes, memoryUsage.rss());
}

function take(): void {
  const output = analysis.take();
  flows += output.flows.length;
  for (const flow of output.flows)
    if (flow.isValidated && flow.endReason !== 'evicted') keptClients++;
  for (const { id, alert_type, source_ip, destination_ip } of output.alerts)
    alerts.set(id, `${alert_type} ${source_ip} ${destination_ip}`);
}
