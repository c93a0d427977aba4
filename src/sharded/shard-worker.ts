/** A shard in a thread of its own: orders come, what was measured of them goes back. */
import { parentPort, workerData } from 'node:worker_threads';
import { Judge } from '../core/engine/judge.ts';
import { decodeModels } from '../core/models/model-file.ts';
import { type RoundSlot, type SlotMemory, slotOn } from '../core/shards/round-slot.ts';
import { Shard, type ShardOptions, type ShardOrder } from '../core/shards/shard.ts';

export interface ShardWorkerData extends Omit<ShardOptions, 'judge'> {
  /** A model file, and what its thresholds are for; null: flows are not judged. */
  readonly model: { readonly bytes: Uint8Array; readonly falseAlarmsPerDay: number } | null;
}

export type ShardRequest =
  | { readonly kind: 'slot'; readonly memory: SlotMemory }
  | { readonly kind: 'measure'; readonly slot: number; readonly order: ShardOrder }
  | { readonly kind: 'finish' };

const { model, ...options } = workerData as ShardWorkerData;
const judge = model && new Judge(decodeModels(model.bytes), model.falseAlarmsPerDay);
const shard = new Shard({ ...options, judge });
/** By the order in which they came. */
const slots: RoundSlot[] = [];

parentPort?.on('message', (request: ShardRequest) => {
  if (request.kind === 'slot') slots.push(slotOn(request.memory));
  else if (request.kind === 'measure') {
    const slot = slots[request.slot];
    if (slot) parentPort?.postMessage(shard.measure(slot, request.order));
  } else {
    parentPort?.postMessage(shard.finish());
    parentPort?.close();
  }
});
