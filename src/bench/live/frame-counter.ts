/**
 * A program that captures as a sensor does, up to the encoded batch, and throws the batches away:
 * `frame-counter INTERFACE WORKERS`. Prints its counts as JSON lines; ends when its standard input does.
 */
import { LiveBatches } from '../../sensor/live-batches.ts';

const REPORT_MS = 100;

const [device = '', workers = '1'] = process.argv.slice(2);
const stop = new AbortController();
process.stdin.on('end', () => stop.abort()).resume();

let rows = 0;
const say = (isOpen: boolean) => {
  const { frames, kernelDrops } = batches.stats;
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  process.stdout.write(`${JSON.stringify({ isOpen, frames, kernelDrops, rows, cpuSeconds })}\n`);
};
const batches = new LiveBatches({
  interfaces: [device],
  workers: Number(workers),
  onOpen: () => say(true),
});
const reporting = setInterval(() => say(true), REPORT_MS);
const place = { sensorId: 'bench', epoch: 'bench', firstSequence: 0 };
await batches.run(
  place,
  async (batch) => {
    rows += batch.rows;
  },
  stop.signal,
);
clearInterval(reporting);
say(false);
