/** The row that an application reader fills, with what it has to know of the packet. One instance serves all packets. */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { type AnomalyName, nameAnomaly } from './anomalies.ts';
import { TextReader } from './text-reader.ts';

/** Longest text in `app_detail`; a reader leaves out what would make it longer and says `"cut":true`. */
export const MAX_DETAIL_CHARS = 4096;

/** "{" */
const OPENING = 0x7b;
const NO_BATCH = null as unknown as PacketBatch;

export class AppRow {
  /** Bytes to strings, with a cache: the same names come again and again. */
  readonly text = new TextReader();
  batch: PacketBatch = NO_BATCH;
  row = 0;
  srcPort = -1;
  dstPort = -1;
  /** Bytes of the message that earlier calls for the same message saw; 0: this is its first segment. */
  readBefore = 0;
  /** Nothing more of the message will be shown: fill in what is there, whole or not. */
  isLast = true;
  /** Set by a reader that asks for more because it cannot tell yet: the row is not named after its protocol. */
  isUnsure = false;

  /** Adds `AppEvent` bits. */
  note(events: number): void {
    this.batch.appEvents[this.row]! |= events;
  }

  /** Facts of the protocol that have no column: a JSON object as text, at most `MAX_DETAIL_CHARS`. */
  detail(json: string): void {
    // Reading a character makes one string of the pieces: kept in pieces it would take ten times as much.
    if (json.charCodeAt(0) === OPENING) this.batch.appDetail.append(this.row, json);
  }

  nameAnomaly(name: AnomalyName): void {
    nameAnomaly(this.batch, this.row, name);
  }
}
