/** A sensor without a network, in a process of its own that can be killed: made batches through spool and shipper. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Shipper } from '../../src/sensor/shipper.ts';
import { Spool } from '../../src/sensor/spool.ts';
import { encodeBatch } from '../../src/stream/batch-codec.ts';
import { madeBatch, sensorName } from './made-traffic.ts';

const [url = '', key = '', sensorText = '', dir = '', batchesText = '', paceText = ''] =
  process.argv.slice(2);
const sensor = Number(sensorText);
const batches = Number(batchesText);
const sensorId = sensorName(sensor);

const spool = await Spool.open({ dir });
const shipper = new Shipper({
  spool,
  sensorId,
  url,
  key,
  firstPauseMs: 50,
  longestPauseMs: 1_000,
  onTrouble: (message) => process.stderr.write(`${sensorId}: ${message}\n`),
});
const stop = new AbortController();
const shipping = shipper.run(stop.signal);
while (spool.nextSequence < batches) {
  const sequence = spool.nextSequence;
  const batch = madeBatch(sensor, sequence, batches);
  const meta = { sensorId, epoch: spool.epoch, sequence };
  await spool.append(sequence, batch.length, encodeBatch(batch, meta));
  await sleep(Number(paceText));
}
while (spool.entries.length > 0) await spool.waitForRemoval(stop.signal);
stop.abort();
await shipping;
const { lostBatches } = spool.stats;
const { rejectedBatches } = shipper.stats;
process.stdout.write(`${JSON.stringify({ lostBatches, rejectedBatches })}\n`);
