/** One capture through our decoder and through tshark, column by column. */
import { openCapture } from '../../src/capture/open-capture.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import type { PacketRecord } from '../../src/contract/packet-record.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';
import { isKnownLinkType } from '../../src/core/wire/link-layer.ts';
import { toRecord } from '../../src/core/wire/to-record.ts';
import { AppError } from '../../src/errors.ts';
import { COMPARED_COLUMNS, expectedOf, tunnelsOf } from './expected.ts';
import { readWithTshark, type TsharkPacket } from './tshark.ts';

const BATCH_ROWS = 1024;

export interface Difference {
  /** Path below the captures' folder. */
  readonly file: string;
  /** From 1, as tshark counts; 0 for the file as a whole. */
  readonly packet: number;
  readonly column: string;
  readonly ours: unknown;
  readonly theirs: unknown;
  /** What tshark found in the packet. */
  readonly protocols: string;
  readonly record: PacketRecord | undefined;
  readonly tshark: TsharkPacket | undefined;
}

export interface Comparison {
  readonly packets: number;
  readonly differences: Difference[];
  /** Why the file could not be compared, if so. */
  readonly skipped: string | undefined;
}

export async function compareCapture(folder: string, file: string): Promise<Comparison> {
  const path = `${folder}/${file}`;
  const { records, damage, unknownLinkType } = await decode(path);
  if (unknownLinkType !== undefined)
    return { packets: 0, differences: [], skipped: `link type ${unknownLinkType}` };
  const packets = await readWithTshark(path).catch(() => null);
  if (packets === null) {
    const skipped = damage ?? 'only tshark cannot read it';
    return { packets: 0, differences: [], skipped };
  }
  const differences: Difference[] = [];
  if (records.length !== packets.length)
    differences.push({
      ...{ file, packet: 0, column: 'packets', ours: records.length, theirs: packets.length },
      ...{ protocols: damage ?? '', record: undefined, tshark: undefined },
    });
  const common = Math.min(records.length, packets.length);
  for (let i = 0; i < common; i++) comparePacket(file, i, records, packets, differences);
  return { packets: common, differences, skipped: undefined };
}

function comparePacket(
  file: string,
  index: number,
  records: readonly PacketRecord[],
  packets: readonly TsharkPacket[],
  differences: Difference[],
): void {
  const record = records[index];
  const tshark = packets[index];
  if (record === undefined || tshark === undefined) return;
  const depth = record.tunnel === null ? 0 : record.tunnel.split('/').length;
  const expected = expectedOf(tshark, depth);
  const add = (column: string, ours: unknown, theirs: unknown) => {
    const protocols = tshark['frame.protocols'][0] ?? '';
    differences.push({ file, packet: index + 1, column, ours, theirs, protocols, record, tshark });
  };
  const theirDepth = tunnelsOf(tshark);
  if (depth !== theirDepth) add('tunnel', record.tunnel, theirDepth);
  for (const column of COMPARED_COLUMNS) {
    const ours = record[column];
    const theirs = expected[column] ?? null;
    // Only pcapng names interfaces; elsewhere the contract asks for the file's name.
    if (column === 'interface' && theirs === null) continue;
    if (ours === theirs || isSameText(ours, theirs)) continue;
    add(column, ours, theirs);
  }
}

/** tshark escapes or replaces what is not printable ASCII; such bytes match any of its spellings. */
function isSameText(ours: unknown, theirs: unknown): boolean {
  if (typeof ours !== 'string' || typeof theirs !== 'string') return false;
  return plain(ours) === plain(theirs);
}

function plain(text: string): string {
  return text
    .replaceAll(/\\(\d{3}|[abefnrtv0"]|x[0-9a-f]{2}|.)/gi, '?')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .replaceAll('\\', '?')
    .replaceAll(/\?+/g, '?')
    .trimEnd();
}

async function decode(path: string) {
  const records: PacketRecord[] = [];
  const batch = new PacketBatch(BATCH_ROWS);
  // As tshark is told to: each fragment by itself.
  const decoder = new PacketDecoder({ maxWhole: 0 });
  let unknownLinkType: number | undefined;
  let damage: string | undefined;
  try {
    const source = await openCapture(path);
    await source.run((frame) => {
      if (!isKnownLinkType(frame.linkType)) unknownLinkType = frame.linkType;
      if (batch.isFull) batch.clear();
      records.push(toRecord(batch, decoder.decode(frame, batch), null));
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    damage = error.message;
  }
  return { records, damage, unknownLinkType };
}
