/**
 * How fast the whole pipeline is (decode, flows, windows, models, detectors) and what comes out of it:
 * `node test/bench/analyze-probe.ts CAPTURE [ROUNDS] [--no-models]`. One JSON line per round: the first is the cold
 * start. The digest of all flows, windows and alerts is taken in a last run: an optimisation leaves it alone.
 */
import { createHash } from 'node:crypto';
import { argv, cpuUsage, stdout } from 'node:process';
import { loadJudge } from '../../src/app/model.ts';
import type { AnalysisOutput } from '../../src/contract/analysis.ts';
import { Analysis } from '../../src/core/engine/analysis.ts';
import { readCapture } from '../../src/workshop/read-capture.ts';

const options = argv.slice(2).filter((word) => word.startsWith('--'));
const [file = 'demo/demo.pcap.zst', rounds = '4'] = argv
  .slice(2)
  .filter((word) => !word.startsWith('--'));
const judge = options.includes('--no-models') ? null : loadJudge(null).judge;

for (let round = 0; round < Number(rounds); round++) {
  const start = cpuUsage();
  const analysis = new Analysis({ sensorId: 'probe', judge });
  await readCapture(file, analysis, () => {});
  const { user, system } = cpuUsage(start);
  const seconds = (user + system) / 1e6;
  const { packets } = analysis.counts;
  print({ round, packets, cpu_s: seconds, pps: Math.round(packets / seconds) });
}
if (!options.includes('--no-digest')) print(await digest());

async function digest() {
  const flows = createHash('sha256');
  const windows = createHash('sha256');
  const alerts = new Map<string, unknown>();
  const blocks: unknown[] = [];
  const take = (output: AnalysisOutput) => {
    for (const flow of output.flows) flows.update(JSON.stringify(flow));
    for (const { values, ...window } of output.windows)
      windows.update(JSON.stringify(window)).update(values);
    for (const alert of output.alerts) alerts.set(alert.id, alert);
    blocks.push(...output.blocks);
  };
  const analysis = new Analysis({ sensorId: 'probe', judge });
  await readCapture(file, analysis, take);
  return {
    flows: hex(flows.digest()),
    windows: hex(windows.digest()),
    alerts: hex(JSON.stringify([...alerts.values()])),
    blocks: hex(JSON.stringify(blocks)),
    alert_count: alerts.size,
    counts: analysis.counts,
  };
}

function hex(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex').slice(0, 12);
}

function print(line: object): void {
  stdout.write(`${JSON.stringify(line)}\n`);
}
