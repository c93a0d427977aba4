/** Where a batch stands in its sensor's sequence: what makes a repeated delivery recognisable. */

export interface BatchMeta {
  /** Matches `SENSOR_ID`. */
  readonly sensorId: string;
  /** Matches `EPOCH`; changes whenever the sensor's spool begins anew. */
  readonly epoch: string;
  /** Counts up from 0 within the epoch; a gap is a lost batch. */
  readonly sequence: number;
  /** Packets that the sensor had to give up between the batch before and this one; absent: it knows of none. */
  readonly lostBefore?: number;
}

export const SENSOR_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const EPOCH = /^[A-Za-z0-9-]{1,64}$/;

/** The idempotency key of a batch: `sensor:epoch:sequence`. */
export function batchKey(meta: BatchMeta): string {
  return `${meta.sensorId}:${meta.epoch}:${meta.sequence}`;
}
