/** Everything the routes need from the rest of the program, wired by hand in `src/app`. */
import type { Logger } from 'pino';
import type { Alert } from '../contract/alert.ts';
import type { BlockOrder, Health, StorageOutlook } from '../contract/api.ts';
import type { Decision } from '../contract/decision.ts';
import type { ModelChange, ModelDetail, ModelList } from '../contract/model.ts';
import type { PacketBatch } from '../contract/packet-batch.ts';
import type { WindowVerdict } from '../contract/window.ts';
import type { Database } from '../store/database.ts';
import type { BatchMeta } from '../stream/batch-meta.ts';
import type { LiveEvents } from './live-events.ts';
import type { Metrics } from './metrics.ts';

/** A pcapng file that is being read. */
export interface PacketCapture {
  readonly packets: number;
  /** There are more than fit. */
  readonly isCut: boolean;
  /** Must be read or cancelled. */
  readonly body: ReadableStream<Uint8Array>;
}

export interface Services {
  readonly db: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly live: LiveEvents;
  /** Resolves after the commit. The batch belongs to the callee, and so do its bytes where it came as such. Batches of one sensor come in order. */
  ingest(
    batch: PacketBatch,
    place: BatchMeta,
    encoded?: Uint8Array,
  ): Promise<'stored' | 'duplicate'>;
  readonly decisions: {
    /** @throws AppError protected_address, firewall_unavailable */
    block(order: BlockOrder, by: string): Promise<Decision>;
    /** @throws AppError not_found, conflict */
    unblock(id: string, by: string): Promise<Decision>;
  };
  readonly models: {
    list(): Promise<ModelList>;
    /** @throws AppError not_found */
    show(hash: string): Promise<ModelDetail>;
    /** @throws AppError input_invalid, conflict */
    add(bytes: Uint8Array, by: string): Promise<ModelChange>;
    /** @throws AppError not_found, input_invalid, conflict */
    promote(hash: string, by: string): Promise<ModelChange>;
    /** @throws AppError conflict */
    rollback(by: string): Promise<ModelChange>;
  };
  /** The packets behind an alert that are still kept here. @throws AppError not_found, overloaded */
  packetsOf(alert: Alert): Promise<PacketCapture>;
  health(): Promise<Health>;
  storage(): Promise<StorageOutlook>;
  /** Window vectors in the order of `WINDOW_FEATURES`; null where no model is loaded. */
  predict(vectors: readonly Float64Array[]): Promise<WindowVerdict[] | null>;
}
