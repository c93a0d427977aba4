/**
 * A thread that captures: source → decoder → batch → bytes, handed over without a copy. It may run ahead
 * of the spool by `MAX_AHEAD` batches; then it lets the ring fill, whose loss is counted. Once its socket
 * is open the thread has no more rights than any other program.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { dropCapabilities } from '../capture/capabilities.ts';
import { openLiveSource, usesAfPacket } from '../capture/live-source.ts';
import { AppError } from '../errors.ts';
import type { CaptureMessage, CaptureRequest, CaptureThreadData } from './capture-thread.ts';
import { openRing } from './evidence/open-ring.ts';
import { SourceBatches } from './source-batches.ts';

const MAX_AHEAD = 16;

const port = parentPort;
if (!port) throw new Error('the capture worker runs only as a worker thread');
const data = workerData as CaptureThreadData;
const { place, capture, share, flushMs, maxRows, numbered } = data;
const stop = new AbortController();
let onBegin: () => void = () => {};
const begun = new Promise<void>((resolve) => {
  onBegin = resolve;
});
const count = new Int32Array(numbered);
let ahead = 0;
let onKept: () => void = () => {};

port.on('message', (request: CaptureRequest) => {
  if (request === 'stop') stop.abort();
  if (request === 'kept') ahead--;
  // Also on a stop, for a source that is to close must run.
  else onBegin();
  onKept();
});

const send = (message: CaptureMessage, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

try {
  const live = await openLiveSource(capture, share);
  if (usesAfPacket(capture.method ?? 'auto')) dropCapabilities();
  // Before the first packet: after a crash, mending a segment takes a moment.
  const evidence =
    data.evidence &&
    (await openRing({
      ...data.evidence,
      onTrouble: (message) => send({ kind: 'trouble', message }),
    }));
  send({ kind: 'open', group: live.group });
  await begun;
  live.begin();
  send({ kind: 'begun' });
  const { source } = live;
  const takeSequence = () => place.firstSequence + Atomics.add(count, 0, 1);
  const batches = new SourceBatches(source, { flushMs, maxRows, takeSequence, evidence });
  const report = () =>
    send({
      kind: 'stats',
      stats: { ...source.stats },
      evidence: evidence?.stats ?? null,
      decoder: batches.decoder,
    });
  const reporting = setInterval(report, 500);
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
    await evidence?.close();
    report();
  }
  send({ kind: 'end' });
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  send({ kind: 'failure', code: error.code, message: error.message });
} finally {
  port.close();
}
