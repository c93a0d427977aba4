/**
 * Looks through one ring for the packets that are wanted. An index says which blocks may be of them; each is
 * decoded and only that decides. A segment without an index (the one being written, or what a crash left) is
 * read whole. Segments that go meanwhile are left out.
 *
 * Where a packet that is wanted came in fragments, those that do not tell so by themselves come along.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { BlockType, PACKET_HEADER_BYTES } from '../../capture/write-pcapng.ts';
import { PacketBatch } from '../../contract/packet-batch.ts';
import { ANY_FLOW } from '../../core/flows/flow-index.ts';
import { PacketDecoder } from '../../core/wire/decoder.ts';
import type { WireFrame } from '../../core/wire/frame.ts';
import { HeldFragments } from './held-fragments.ts';
import { decodeIndex, type SegmentIndex } from './index-file.ts';
import { type PacketMatcher, RowConversation } from './packet-filter.ts';
import type { PacketList } from './packet-list.ts';
import { indexPath, listSegments, type SegmentFile, segmentPath } from './segment-files.ts';
import { type Block, walkBlocks } from './walk-blocks.ts';

const OPTION_NAME = 2;
const BATCH_ROWS = 1024;
/** So long before the time that is asked for the fragments of a packet can begin to come. */
const FRAGMENTS_MICROS = 30e6;

interface DescribedInterface {
  readonly linkType: number;
  readonly name: string;
  readonly snapBytes: number;
}

/** Made once per ring: a decoder has a memory of fragments and begun messages. */
interface Tools {
  readonly decoder: PacketDecoder;
  readonly batch: PacketBatch;
  readonly conversation: RowConversation;
  readonly fragments: HeldFragments;
}

/** Adds what is found to `list`, until that is full. */
export async function findPackets(
  dir: string,
  matchers: readonly PacketMatcher[],
  list: PacketList,
): Promise<void> {
  const tools: Tools = {
    decoder: new PacketDecoder(),
    batch: new PacketBatch(BATCH_ROWS),
    conversation: new RowConversation(),
    fragments: new HeldFragments(),
  };
  for (const segment of await listSegments(dir)) {
    if (list.isFull) return;
    const index = await readIndex(dir, segment);
    if (index && !matchers.some((matcher) => overlaps(matcher, index))) continue;
    const file = await openOrNull(segmentPath(dir, segment.number));
    if (!file) continue;
    let isKept = false;
    try {
      isKept = await findInSegment(file, segment.bytes, index, matchers, list, tools);
    } finally {
      // What has packets in the list stays open: removed or not, they can still be read.
      if (!isKept) await file.close();
    }
  }
}

/** True where the list has packets of the file now. */
async function findInSegment(
  file: FileHandle,
  bytes: number,
  index: SegmentIndex | null,
  matchers: readonly PacketMatcher[],
  list: PacketList,
  tools: Tools,
): Promise<boolean> {
  const { decoder, batch, conversation, fragments } = tools;
  const interfaces: DescribedInterface[] = [];
  const before = list.length;
  const number = list.addFile(file);

  const isInTime = (matcher: PacketMatcher, tsMicros: number, earlier = 0) =>
    tsMicros >= matcher.fromMicros - earlier && tsMicros <= matcher.toMicros;
  const frame: { -readonly [Key in keyof WireFrame]: WireFrame[Key] } = {
    ...{ view: new DataView(new ArrayBuffer(0)), bytes: new Uint8Array(0), start: 0, end: 0 },
    ...{ wireLength: 0, tsMicros: 0, linkType: 0, interface: '' },
  };
  const take = (block: Block, from: DescribedInterface) => {
    const { tsMicros } = frame;
    if (!matchers.some((matcher) => isInTime(matcher, tsMicros, FRAGMENTS_MICROS))) return;
    if (batch.isFull) batch.clear();
    conversation.read(batch, decoder.decode(frame, batch));
    const packet = decoder.fragmentedPacket;
    const isWanted = matchers.some(
      (matcher) => isInTime(matcher, tsMicros) && matcher.matches(conversation, 0),
    );
    if (isWanted) {
      if (packet >= 0) fragments.release(packet, list);
      list.add(number, block, tsMicros, from);
    } else if (packet >= 0) {
      const { offset, length } = block;
      fragments.hold(packet, { file: number, block: { offset, length }, tsMicros, from });
    }
  };
  const onBlock = (block: Block) => {
    if (block.type === BlockType.INTERFACE) interfaces.push(describedBy(block));
    if (!block.isPacket || list.isFull) return;
    const { view, at } = block;
    const from = interfaces[view.getUint32(at + 8, true)];
    if (!from) return;
    frame.view = view;
    frame.bytes = block.bytes;
    frame.start = at + PACKET_HEADER_BYTES;
    frame.end = frame.start + view.getUint32(at + 20, true);
    frame.wireLength = view.getUint32(at + 24, true);
    frame.tsMicros = view.getUint32(at + 12, true) * 2 ** 32 + view.getUint32(at + 16, true);
    frame.linkType = from.linkType;
    frame.interface = from.name;
    take(block, from);
  };
  await walkBlocks(file, bytes, onBlock, index ? candidates(index, matchers) : undefined);
  if (list.length > before) return true;
  list.forgetFile(number);
  return false;
}

/** Offsets of the blocks that may be wanted, in file order. */
function* candidates(index: SegmentIndex, matchers: readonly PacketMatcher[]): Generator<number> {
  const isCandidate = new Uint8Array(index.flows);
  isCandidate[ANY_FLOW] = 1;
  for (let flow = 1; flow < index.flows; flow++)
    if (matchers.some((matcher) => matcher.matches(index, flow))) isCandidate[flow] = 1;
  for (const [block, flow] of index.flowOf.entries())
    if (isCandidate[flow] === 1) yield index.offsets[block] ?? 0;
}

function overlaps(matcher: PacketMatcher, { firstMicros, lastMicros }: SegmentIndex): boolean {
  return firstMicros <= matcher.toMicros && lastMicros >= matcher.fromMicros;
}

function describedBy({ bytes, view, at, length }: Block): DescribedInterface {
  let name = '';
  // The ring writes the name first, where there is one.
  if (length > 28 && view.getUint16(at + 16, true) === OPTION_NAME) {
    const end = Math.min(at + 20 + view.getUint16(at + 18, true), at + length);
    name = new TextDecoder().decode(bytes.subarray(at + 20, end));
  }
  return { linkType: view.getUint16(at + 8, true), name, snapBytes: view.getUint32(at + 12, true) };
}

async function readIndex(dir: string, segment: SegmentFile): Promise<SegmentIndex | null> {
  if (segment.indexBytes === 0) return null;
  const bytes = await readFile(indexPath(dir, segment.number)).catch(ifMissing);
  return bytes && decodeIndex(bytes, segment.bytes);
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  return open(path, 'r').catch(ifMissing);
}

function ifMissing(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
