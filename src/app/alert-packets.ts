/**
 * The packets behind an alert, from the rings of evidence on this machine, as a capture to download.
 *
 * Bounded: 64 MiB a capture, two at a time, and a reader that takes nothing for a minute is let go.
 */
import type { Alert, PacketReference } from '../contract/alert.ts';
import { AppError } from '../errors.ts';
import type { PacketCapture } from '../http/services.ts';
import { type EvidenceCapture, readEvidence } from '../sensor/evidence/read-evidence.ts';
import { ringsOf } from '../sensor/evidence/ring-folders.ts';

const MAX_BYTES = 64 * 2 ** 20;
const MAX_AT_A_TIME = 2;
const IDLE_MS = 60_000;

export class AlertPackets {
  /** Folder above the rings; null: no packets are kept. */
  readonly #dir: string | null;
  #reading = 0;

  constructor(dir: string | null) {
    this.#dir = dir;
  }

  /** @throws AppError `not_found` saying why there is nothing, `overloaded` */
  async read(alert: Alert): Promise<PacketCapture> {
    const dir = this.#dir;
    if (dir === null)
      throw new AppError(
        'not_found',
        'No packets are kept here: evidence.enabled is off in the configuration',
      );
    if (this.#reading >= MAX_AT_A_TIME)
      throw new AppError(
        'overloaded',
        `Cannot read packets now: ${MAX_AT_A_TIME} captures are being read`,
      );
    this.#reading++;
    try {
      return streamOf(await find(dir, alert), alert, () => this.#reading--);
    } catch (error) {
      this.#reading--;
      throw error;
    }
  }
}

async function find(dir: string, { id, packets }: Alert): Promise<EvidenceCapture> {
  const requests = packets.map((reference) => ({
    dir,
    sensorId: reference.sensor_id,
    filters: [filterOf(reference)],
  }));
  const elsewhere = new Set<string>();
  for (const { sensorId } of requests)
    if ((await ringsOf(dir, sensorId)).length === 0) elsewhere.add(sensorId);
  if (requests.length > 0 && requests.every(({ sensorId }) => elsewhere.has(sensorId)))
    throw new AppError(
      'not_found',
      `This server keeps no packets of ${[...elsewhere].join(', ')}: a sensor keeps its own, ask there with phantomnet evidence`,
    );
  const capture = await readEvidence(requests, { maxBytes: MAX_BYTES });
  if (capture.packets > 0) return capture;
  await capture.close();
  throw new AppError('not_found', `None of the packets behind alert ${id} is kept any more`);
}

function filterOf(reference: PacketReference) {
  return {
    fromMicros: Math.round(reference.first * 1e6),
    toMicros: Math.round(reference.last * 1e6),
    srcIp: reference.src_ip,
    srcPort: null,
    dstIp: reference.dst_ip,
    dstPort: reference.dst_port,
    protocol: reference.protocol,
  };
}

/** @param onEnd called once, when it was read or given up */
function streamOf(capture: EvidenceCapture, alert: Alert, onEnd: () => void): PacketCapture {
  const { packets, isCut } = capture;
  const what = `${alert.alert_type}, alert ${alert.id}: ${packets} packets`;
  const chunks = capture.chunks(
    isCut ? `${what}, the first ${MAX_BYTES / 2 ** 20} MiB of more` : what,
  );
  let isOver = false;
  let idle: NodeJS.Timeout | undefined;
  const end = async () => {
    clearTimeout(idle);
    if (isOver) return;
    isOver = true;
    onEnd();
    await capture.close();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(idle);
        try {
          const { value, done } = await chunks.next();
          if (value) controller.enqueue(value);
          if (done) controller.close();
          if (done) return await end();
        } catch (error) {
          await end();
          throw error;
        }
        idle = setTimeout(() => {
          controller.error(new Error('nobody reads the capture'));
          void end();
        }, IDLE_MS).unref();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
  return { packets, isCut, body };
}
