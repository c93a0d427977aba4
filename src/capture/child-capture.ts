/**
 * Live capture by another program, dumpcap or tcpdump, where there is no AF_PACKET: it writes a capture
 * into a pipe that is read like a file. What it dropped is known when it has ended.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { AppError } from '../errors.ts';
import { streamFeed } from './byte-feed.ts';
import type { Conversation } from './exclude-filter.ts';
import { openFeedCapture } from './open-capture.ts';
import type { FrameHandler, RunOptions, Source, SourceStats } from './source.ts';

export type CaptureProgram = 'dumpcap' | 'tcpdump';

export interface ChildCaptureOptions {
  /** `any` alone means all of them; tcpdump takes one. */
  readonly interfaces: readonly string[];
  readonly promiscuous?: boolean;
  readonly exclude?: readonly Conversation[];
  readonly expression?: string | null;
}

const SNAP_BYTES = 262_144;
const IDLE_MS = 100;
/** What does not end when it is told to is ended. */
const PATIENCE_MS = 3_000;
const MAX_COMPLAINT_CHARACTERS = 16_384;

type Child = ChildProcessByStdio<null, Readable, Readable>;

/**
 * Starts the program; it captures from now on.
 * @throws AppError `capture_unavailable`: not installed, or what it complained of.
 */
export async function openChildCapture(
  program: CaptureProgram,
  options: ChildCaptureOptions,
): Promise<Source> {
  const args = program === 'dumpcap' ? dumpcapArguments(options) : tcpdumpArguments(options);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  await Promise.race([once(child, 'spawn'), once(child, 'error')]).catch((error: Error) => {
    throw new AppError('capture_unavailable', `Cannot start ${program}: ${error.message}`);
  });
  const complaint = new Complaint(child);
  const name = options.interfaces.join(',') || 'any';
  try {
    const file = await openFeedCapture(streamFeed(child.stdout), name, { idleMs: IDLE_MS });
    return new ChildCapture(program, child, file, complaint);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    await end(child);
    throw new AppError('capture_unavailable', `${program} does not capture: ${complaint.text}`);
  }
}

class ChildCapture implements Source {
  readonly name: string;
  readonly stats: SourceStats;
  readonly #program: CaptureProgram;
  readonly #child: Child;
  readonly #file: Source;
  readonly #complaint: Complaint;

  constructor(program: CaptureProgram, child: Child, file: Source, complaint: Complaint) {
    this.name = file.name;
    this.stats = file.stats;
    this.#program = program;
    this.#child = child;
    this.#file = file;
    this.#complaint = complaint;
  }

  async run(onFrame: FrameHandler, options: RunOptions = {}): Promise<void> {
    let hasEnded = false;
    try {
      await this.#file.run(onFrame, options);
      hasEnded = options.signal?.aborted !== true;
    } finally {
      await end(this.#child);
      this.stats.kernelDrops = dropsIn(this.#complaint.text);
    }
    if (!hasEnded) return;
    throw new AppError(
      'capture_unavailable',
      `${this.#program} has ended: ${this.#complaint.text}`,
    );
  }
}

/** Its pipe says what it complained of, the last of it. */
class Complaint {
  #text = '';

  constructor(child: Child) {
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      this.#text = (this.#text + more).slice(-MAX_COMPLAINT_CHARACTERS);
    });
  }

  get text(): string {
    return this.#text.trim().replaceAll(/\s*\n\s*/g, '; ') || 'it says nothing';
  }
}

/** Asks it to end, so that it tells its counts; makes it, where it does not. */
async function end(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    await drained(child);
    return;
  }
  const exit = once(child, 'close');
  child.stdout.resume();
  child.kill('SIGINT');
  const deadline = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  await exit;
  clearTimeout(deadline);
}

async function drained(child: Child): Promise<void> {
  child.stdout.resume();
  if (!child.stderr.readableEnded && !child.stderr.destroyed) await once(child.stderr, 'close');
}

/** Both programs count at their end: `5 packets dropped by kernel`; `received/dropped on interface 'lo': 4/0`. */
export function dropsIn(text: string): number {
  const found = text.matchAll(
    /(\d+) packets? dropped by kernel|dropped on interface '[^']*': \d+\/(\d+)/g,
  );
  let drops = 0;
  for (const [, byTcpdump, byDumpcap] of found) drops += Number(byTcpdump ?? byDumpcap);
  return drops;
}

function dumpcapArguments(options: ChildCaptureOptions): string[] {
  const filter = expressionOf(options);
  return [
    ...options.interfaces.flatMap((name) => ['-i', name]),
    ...(options.promiscuous ? [] : ['-p']),
    ...(filter === null ? [] : ['-f', filter]),
    ...['-s', String(SNAP_BYTES), '-q', '-n', '-w', '-'],
  ];
}

/** @throws AppError `capture_unavailable` for several interfaces */
function tcpdumpArguments(options: ChildCaptureOptions): string[] {
  const [name = 'any', second] = options.interfaces;
  if (second !== undefined) {
    throw new AppError(
      'capture_unavailable',
      `tcpdump captures on one interface or on any: ${options.interfaces.join(', ')} needs dumpcap`,
    );
  }
  const filter = expressionOf(options);
  return [
    ...['-i', name],
    ...(options.promiscuous ? [] : ['-p']),
    ...['-s', String(SNAP_BYTES), '-n', '-U', '-w', '-'],
    ...(filter === null ? [] : [filter]),
  ];
}

/**
 * Own traffic out, in tcpdump's words; null where there is nothing to say. A host's talk with itself is
 * left out on loopback addresses only: on another address it could be a stranger's, forged.
 */
function expressionOf({ exclude = [], expression = null }: ChildCaptureOptions): string | null {
  const own = exclude
    .filter(({ client, server }) => client !== server || /^127\.|^::1$/.test(client))
    .map(({ client, server, serverPort: port }) => {
      const there = `src host ${client} and dst host ${server} and tcp dst port ${port}`;
      const back = `src host ${server} and dst host ${client} and tcp src port ${port}`;
      return `not ((${there}) or (${back}))`;
    });
  const parts = expression === null ? own : [`(${expression})`, ...own];
  return parts.length === 0 ? null : parts.join(' and ');
}
