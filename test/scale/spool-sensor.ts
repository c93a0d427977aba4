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
let isEnded = spool.nextSequence >= batches;
while (!isEnded) {
  const sequence = spool.nextSequence;
  // The end of the capture comes again until it is kept: a sensor that is stopped on a full disk has time.
  const batch = madeBatch(sensor, Math.min(sequence, batches - 1), batches);
  const meta = { sensorId, epoch: spool.epoch, sequence };
  const isKept = await spool.append(sequence, batch.length, encodeBatch(batch, meta)).then(
    () => true,
    (error: Error) => process.stderr.write(`${sensorId}: ${error.message}\n`) && false,
  );
  isEnded = isKept && sequence >= batches - 1;
  await sleep(Number(paceText));
}
while (spool.entries.length > 0) await spool.waitForRemoval(stop.signal);
stop.abort();
await shipping;
const { lostRows } = spool.stats;
const { rejectedBatches } = shipper.stats;
process.stdout.write(`${JSON.stringify({ lostRows, rejectedBatches })}\n`);
