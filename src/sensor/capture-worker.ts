/**
 * The thread that reads the ring: AF_PACKET → decoder → batch → bytes, handed over without a copy. It may
 * run ahead of the spool by `MAX_AHEAD` batches; then it lets the ring fill, whose loss is counted.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openAfPacket } from '../capture/af-packet.ts';
import { AppError } from '../errors.ts';
import type { CaptureMessage, CaptureRequest, CaptureWorkerData } from './live-batches.ts';
import { SourceBatches } from './source-batches.ts';

const MAX_AHEAD = 16;

const port = parentPort;
if (!port) throw new Error('the capture worker runs only as a worker thread');
const { place, capture, flushMs, maxRows } = workerData as CaptureWorkerData;
const stop = new AbortController();
let ahead = 0;
let onKept: () => void = () => {};

port.on('message', (request: CaptureRequest) => {
  if (request === 'stop') stop.abort();
  else ahead--;
  onKept();
});

const send = (message: CaptureMessage, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

try {
  const source = openAfPacket(capture);
  send({ kind: 'open' });
  const report = () => send({ kind: 'stats', stats: { ...source.stats } });
  const reporting = setInterval(report, 500);
  const batches = new SourceBatches(source, { flushMs, maxRows });
  try {
    await batches.run(
      place,
      async (batch) => {
        while (ahead >= MAX_AHEAD && !stop.signal.aborted) {
          await new Promise<void>((resolve) => {
            onKept = resolve;
          });
        }
        ahead++;
        report();
        // A buffer of its own: the encoder's output is not pooled, but a view may be.
        const bytes = new Uint8Array(batch.bytes);
        send({ kind: 'batch', batch: { ...batch, bytes } }, [bytes.buffer]);
      },
      stop.signal,
    );
  } finally {
    clearInterval(reporting);
    report();
  }
  send({ kind: 'end' });
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  send({ kind: 'failure', code: error.code, message: error.message });
} finally {
  port.close();
}
