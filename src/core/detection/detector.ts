/**
 * What detectors are made of. A detector sees every packet in order, keeps bounded state, and reports
 * detections. Time is packet time: `endStep` comes each time it passes a multiple of 5 s, so a
 * replayed capture detects exactly what the live one did.
 */
import type { AlertKind } from '../../contract/alert-kinds.ts';
import type { FlowRecord } from '../../contract/flow.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import type { Observation } from './observation.ts';

export const STEP_MICROS = 5_000_000;
/** Steps are looked into this often, for what cannot wait for their end. */
export const TICK_MICROS = 250_000;

const AT_LIMIT = 0.72;
const PROVEN_AT_LIMIT = 0.6;
const MAX_CONFIDENCE = 0.99;

/** One thing that one detector noticed. It may repeat; the alert book merges. */
export interface Detection {
  readonly kind: AlertKind;
  readonly detector: string;
  readonly atMicros: number;
  /** When the behaviour began, as far as the detector remembers. */
  readonly firstMicros: number;
  /** Null: many sources, or forged ones. */
  readonly sourceIp: string | null;
  readonly targetIp: string | null;
  readonly targetPort: number | null;
  /** The detector sees sources only: it supports an alert of its kind on the source, whatever the target. */
  readonly isTargetUnseen?: boolean;
  /** It strengthens an alert that is in progress, and raises none by itself. */
  readonly isSupportOnly?: boolean;
  /** The text of the `protocol` column; null where it is not one. */
  readonly protocol: string | null;
  /** 0 to 1, from the evidence alone: how likely it is right. */
  readonly confidence: number;
  readonly summary: string;
  readonly numbers: Readonly<Record<string, number | string | boolean>>;
  /** The limits that were crossed, under the names of `numbers`. */
  readonly thresholds: Readonly<Record<string, number>>;
  /**
   * What `provenConfidenceOf` makes of that part of the evidence alone whose source a completed handshake proves; 0: none.
   * Only this can block: what anybody could have sent in the source's name must not count against it.
   */
  readonly provenConfidence: number;
  /** What of it was counted when it was noticed. */
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
}

export type Report = (detection: Detection) => void;

export interface Detector {
  readonly name: string;
  /** `Sight` bits: it is shown the packets that have one of them. */
  readonly sights: number;
  observe(seen: Observation): void;
  /** A conversation ended. */
  endFlow?(flow: FlowRecord): void;
  /** All packets before `endMicros` (a multiple of 5 s) were shown, but for stragglers. */
  endStep?(endMicros: number): void;
  /** The same within a step: all packets before `nowMicros` (a multiple of a quarter of a second) were shown. */
  tick?(nowMicros: number): void;
  /** State that was dropped to stay in bounds, since the start. */
  readonly evictions: number;
  /** What it remembers of the packets before. */
  save(writer: StateWriter): void;
  /** The same, into a new detector with the same limits. */
  load(reader: StateReader): void;
}

/**
 * How likely an alert is right, from how far a limit was passed: 0.72 at the limit, 0.89 at three times it, below 0.99
 * always. The 0.72 is fitted: the mean of its posterior, from an even prior between 0.5 and 0.99, over the alerts of the
 * laboratory's recording whose confidence it moves (11, of which 10 were right). How it does elsewhere is in
 * docs/quality.md. So few alerts carry one number and no curve for each detector.
 */
export function confidenceOf(measured: number, limit: number): number {
  return MAX_CONFIDENCE - (MAX_CONFIDENCE - AT_LIMIT) * doubtOf(measured, limit);
}

/**
 * What of it may count towards a block, of the part that a handshake proves: nothing below the limit, and more than the
 * blocking threshold only from about two and a half times the limit on. That is no probability but a margin: an alert
 * costs a look, a block costs somebody the network.
 */
export function provenConfidenceOf(measured: number, limit: number): number {
  if (measured < limit) return 0;
  return MAX_CONFIDENCE - (MAX_CONFIDENCE - PROVEN_AT_LIMIT) * doubtOf(measured, limit);
}

/** 1 at the limit, less the further it was passed. */
function doubtOf(measured: number, limit: number): number {
  return Math.exp(-Math.max(0, measured / limit - 1) / 2);
}
