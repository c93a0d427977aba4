/** What the analysis makes of one batch of one sensor; the store writes all of it in one transaction. */
import type { Alert } from './alert.ts';
import type { FlowRecord } from './flow.ts';
import type { PacketBatch } from './packet-batch.ts';
import type { WindowRow } from './window.ts';

/** Row `i` is the verdict on packet `i` of the batch it was made for. */
export class PacketVerdicts {
  /** `FlowRecord.id`; -1: no flow. */
  readonly flowId: Float64Array;
  /** 0 to 1; NaN: nothing has judged the packet. */
  readonly threatScore: Float32Array;
  /** Index into `ALERT_KIND_NAMES`; -1: none. */
  readonly attackKind: Int8Array;
  /** Index into `Verdict.options`; -1: none. */
  readonly decision: Int8Array;

  constructor(capacity: number) {
    this.flowId = new Float64Array(capacity).fill(-1);
    this.threatScore = new Float32Array(capacity).fill(Number.NaN);
    this.attackKind = new Int8Array(capacity).fill(-1);
    this.decision = new Int8Array(capacity).fill(-1);
  }
}

/** At or above: MEDIUM and ALERT; at or above: HIGH and BLOCK. The contract's default policy. */
export const ALERT_THRESHOLD = 0.5;
export const BLOCK_THRESHOLD = 0.8;

export type ThreatLevel = 'LOW' | 'MEDIUM' | 'HIGH';

export function threatLevelOf(score: number): ThreatLevel {
  if (score >= BLOCK_THRESHOLD) return 'HIGH';
  return score >= ALERT_THRESHOLD ? 'MEDIUM' : 'LOW';
}

/** A block that the analysis asks for. The response layer outside the core decides whether it is simulated. */
export interface BlockRequest {
  readonly ip: string;
  readonly alertId: string;
  readonly reason: string;
  /** Packet time of the alert's update that asked. */
  readonly atMicros: number;
}

export interface AnalysisOutput {
  readonly flows: readonly FlowRecord[];
  readonly windows: readonly WindowRow[];
  /** New alerts and alerts that grew, whole: written by upsert on `id`. */
  readonly alerts: readonly Alert[];
  /** What was noticed and stays below the alert threshold: nobody is told, previews of another threshold count it. Absent: none. */
  readonly quiet?: readonly Alert[];
  readonly blocks: readonly BlockRequest[];
}

/** A batch with its place in the sensor's sequence and what was made of it. */
export interface AnalysedBatch extends AnalysisOutput {
  readonly sensorId: string;
  /** Changes whenever the sensor's spool begins anew; `sequence` counts up from 0 within it. */
  readonly epoch: string;
  readonly sequence: number;
  readonly packets: PacketBatch;
  readonly verdicts: PacketVerdicts;
  /** Packets that came too late for their windows, since the batch before; absent: none. */
  readonly latePackets?: number;
  /** Packets behind the latest one and in time all the same; absent: none. */
  readonly outOfOrderPackets?: number;
  /** Packets lost between the sensor and here, before this batch; absent: none. */
  readonly lostPackets?: number;
}
