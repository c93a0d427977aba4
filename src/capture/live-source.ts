/** Live capture by what there is: the kernel's ring on Linux, a child process elsewhere. */
import type { CaptureMethod } from '../contract/capture.ts';
import { AppError } from '../errors.ts';
import { openAfPacket } from './af-packet.ts';
import { type CaptureProgram, openChildCapture } from './child-capture.ts';
import { type Conversation, captureFilter } from './exclude-filter.ts';
import { parseFilter } from './filter/parse-filter.ts';
import type { Source } from './source.ts';

export interface LiveSourceOptions {
  /** `any` alone means all of them. */
  readonly interfaces: readonly string[];
  readonly promiscuous?: boolean | undefined;
  /** Default `auto`: AF_PACKET on Linux; elsewhere dumpcap, else tcpdump. */
  readonly method?: CaptureMethod | undefined;
  /** Memory of the kernel's ring. */
  readonly ringBytes?: number | undefined;
  /** Never captured. */
  readonly exclude?: readonly Conversation[] | undefined;
  /** Only what this says, see `docs/capture-filter.md`; null: everything. */
  readonly expression?: string | null | undefined;
}

/** A socket's place among those that share the packets. */
export interface RingShare {
  readonly group: number | 'new' | null;
  /** Left open by the program that this one was before. */
  readonly fd?: number | undefined;
}

export interface LiveSource {
  readonly source: Source;
  readonly group: number | null;
  /** Packets are kept from now on. */
  begin(): void;
}

export function usesAfPacket(method: CaptureMethod): boolean {
  return method === 'af_packet' || (method === 'auto' && process.platform === 'linux');
}

/** @throws AppError `capture_unavailable`, saying what to grant or to install; `usage`: the expression is none. */
export async function openLiveSource(
  options: LiveSourceOptions,
  share: RingShare = { group: null },
): Promise<LiveSource> {
  const { interfaces, promiscuous = false, method = 'auto', ringBytes } = options;
  const { exclude = [], expression = null } = options;
  if (usesAfPacket(method)) {
    const source = openAfPacket({
      interfaces,
      promiscuous,
      filter: captureFilter({ exclude, expression }),
      ...(ringBytes === undefined ? {} : { ringBytes }),
      ...share,
    });
    return { source, group: source.group, begin: () => source.begin() };
  }
  if (share.group !== null) {
    throw new AppError(
      'capture_unavailable',
      'Only AF_PACKET shares packets among several workers',
    );
  }
  // One language everywhere, whatever the program would understand beyond it.
  if (expression !== null) parseFilter(expression);
  const wanted = { interfaces, promiscuous, exclude, expression };
  const isNamed = method === 'dumpcap' || method === 'tcpdump';
  const source = await openFirst(isNamed ? [method] : ['dumpcap', 'tcpdump'], wanted);
  return { source, group: null, begin: () => undefined };
}

async function openFirst(
  programs: readonly CaptureProgram[],
  options: Parameters<typeof openChildCapture>[1],
): Promise<Source> {
  const reasons: string[] = [];
  for (const program of programs) {
    try {
      return await openChildCapture(program, options);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      reasons.push(error.message);
    }
  }
  throw new AppError(
    'capture_unavailable',
    `${reasons.join('; ')}. Install Wireshark's dumpcap, or tcpdump, and let this user run it`,
  );
}
