/**
 * A sensor process opens its sockets, gives up every right for all of its threads and goes on with the
 * sockets: it starts its own program anew, because Linux keeps capabilities per thread and the threads of
 * the runtime are not ours to ask. The second time round it finds the sockets open. An interface that is
 * removed and comes back needs a new start: nothing is left that could open a socket.
 */
import { mkdirSync } from 'node:fs';
import { openAfPacket, type RingSource } from '../capture/af-packet.ts';
import { execWithoutCapabilities } from '../capture/capabilities.ts';
import { type LiveSourceOptions, usesAfPacket } from '../capture/live-source.ts';

export interface OpenAndDropOptions extends LiveSourceOptions {
  readonly workers?: number | undefined;
  /** Must be writable afterwards. */
  readonly spoolDir: string;
  /** As the spool's folder, where packets are kept. */
  readonly evidenceDir?: string | undefined;
}

/** Numbers of the sockets, from the program before to the one after. */
const HANDED_OVER = 'PHANTOMNET_CAPTURE_SOCKETS';

/**
 * Does not return the first time. The second time, and where the capture is another program's: the open
 * sockets, one for each worker.
 * @throws AppError `capture_unavailable` saying what to grant.
 */
export function openAndDrop(options: OpenAndDropOptions): readonly number[] | undefined {
  if (!usesAfPacket(options.method ?? 'auto')) return undefined;
  const handed = process.env[HANDED_OVER];
  if (handed !== undefined) {
    delete process.env[HANDED_OVER];
    return handed.split(',').map(Number);
  }
  const { workers = 1, spoolDir, evidenceDir } = options;
  const sockets: number[] = [];
  let group: number | 'new' | null = workers > 1 ? 'new' : null;
  for (let index = 0; index < workers; index++) {
    const ring: RingSource = openAfPacket({ ...ringOf(options), group });
    group = ring.group;
    sockets.push(ring.handOver());
  }
  const write = evidenceDir === undefined ? [spoolDir] : [spoolDir, evidenceDir];
  for (const folder of write) makeFolder(folder);
  const read = process.argv[1] === undefined ? [] : [process.argv[1]];
  execWithoutCapabilities({ ...process.env, [HANDED_OVER]: sockets.join(',') }, { read, write });
}

function ringOf({ interfaces, promiscuous = false, ringBytes }: LiveSourceOptions) {
  return { interfaces, promiscuous, ...(ringBytes === undefined ? {} : { ringBytes }) };
}

/** Whoever opens what is in it says why it cannot be made. */
function makeFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch {
    return;
  }
}
