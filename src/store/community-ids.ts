/**
 * Hashes of the community ids of packets by their flow: one SHA-1 a flow instead of one a packet.
 *
 * At most 65,536 flows are remembered; then all are forgotten at once, which costs each of them
 * one hash more. A packet without flow gets none, as it has no second packet to be joined with.
 */
import type { PacketBatch } from '../contract/packet-batch.ts';
import { communityId } from '../core/wire/community-id.ts';

const MAX_FLOWS = 65_536;
/** `1:`, before the hash in base 64. */
const VERSION_CHARS = 2;

export class CommunityIds {
  readonly #known = new Map<number, Uint8Array | null>();

  /** @param flowId -1: none. */
  find(batch: PacketBatch, row: number, flowId: number): Uint8Array | null {
    if (flowId < 0) return null;
    const known = this.#known.get(flowId);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_FLOWS) this.#known.clear();
    const id = communityId(batch, row);
    const bytes = id === null ? null : Buffer.from(id.slice(VERSION_CHARS), 'base64');
    // A fragment has no ports: what it says is not the flow's.
    if (bytes !== null) this.#known.set(flowId, bytes);
    return bytes;
  }
}
