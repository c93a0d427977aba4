/** The packets of one or several sensors that are still kept, as one capture in time order. */
import { findPackets } from './find-packets.ts';
import { type PacketFilter, PacketMatcher } from './packet-filter.ts';
import { PacketList } from './packet-list.ts';
import { ringsOf } from './ring-folders.ts';

export interface EvidenceRequest {
  /** Folder above the sensors' rings, see `ring-folders.ts`. */
  readonly dir: string;
  readonly sensorId: string;
  /** A packet that any of them wants, or of another request, is read once. */
  readonly filters: readonly PacketFilter[];
}

export interface EvidenceCapture {
  readonly packets: number;
  /** Of the packets' blocks in the capture. */
  readonly bytes: number;
  /** More was found than `maxBytes` allows; the first packets of each ring are here. */
  readonly isCut: boolean;
  /** The pcapng file in pieces, once. `comment` stands in it for people. */
  chunks(comment: string): AsyncGenerator<Uint8Array>;
  /** To be called in the end, whether it was read or not. */
  close(): Promise<void>;
}

/** @throws AppError `usage` where a filter's address or protocol is none */
export async function readEvidence(
  requests: readonly EvidenceRequest[],
  { maxBytes }: { readonly maxBytes: number },
): Promise<EvidenceCapture> {
  const list = new PacketList();
  try {
    const rings = await ringsFor(requests);
    let read = 0;
    for (const [dir, matchers] of rings) {
      // Each ring its share, and what those before it left: none crowds out the others.
      list.limitTo(Math.floor((maxBytes * ++read) / rings.size));
      await findPackets(dir, matchers, list);
    }
  } catch (error) {
    await list.close();
    throw error;
  }
  return {
    packets: list.length,
    bytes: list.bytes,
    isCut: list.isCut,
    chunks: (comment) => list.capture(comment),
    close: () => list.close(),
  };
}

/** Each ring once, however many requests are for it, with what is wanted of it. */
async function ringsFor(requests: readonly EvidenceRequest[]) {
  const rings = new Map<string, PacketMatcher[]>();
  for (const { dir, sensorId, filters } of requests) {
    const matchers = filters.map((filter) => new PacketMatcher(filter));
    for (const ring of await ringsOf(dir, sensorId))
      rings.set(ring, [...(rings.get(ring) ?? []), ...matchers]);
  }
  return rings;
}
