/**
 * The enforcer process seen from the server: the same interface, over its Unix socket. Connects when first needed and
 * again after the process was restarted; what was asked meanwhile fails with `firewall_unavailable` and may be asked
 * again, as every request may be repeated without harm. At most `MAX_WAITING` requests wait at once.
 */
import { createConnection, type Socket } from 'node:net';
import { z } from 'zod';
import type { NeverBlockNetwork } from '../core/response/never-block.ts';
import { AppError, ERROR_CODES, type ErrorCode } from '../errors.ts';
import { secondsOf } from './block-target.ts';
import type { Enforcement, EnforcerCounts, Sweep } from './enforcer.ts';
import {
  MAX_BLOCKS_PER_REQUEST,
  MAX_REPLY_BYTES,
  Reply,
  type Request,
} from './enforcer-protocol.ts';
import type { ActiveBlock } from './firewall.ts';
import { LineReader } from './line-reader.ts';

const MAX_WAITING = 1024;
const TIMEOUT_MS = 30_000;

const Blocks = z.array(z.object({ ip: z.string(), remainingSeconds: z.number().nullable() }));
const Networks = z.array(z.object({ cidr: z.string(), reason: z.string() }));
const Counts = z.object({
  blocked: z.number(),
  unblocked: z.number(),
  refused: z.number(),
  expired: z.number(),
  repaired: z.number(),
});
const SweepResult = z.object({ expired: z.array(z.string()), repaired: z.array(z.string()) });

type Body = Request extends infer Each ? (Each extends unknown ? Omit<Each, 'id'> : never) : never;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

export class EnforcerClient implements Enforcement {
  readonly name = 'enforcer';
  readonly #socketPath: string;
  readonly #waiting = new Map<number, Waiting>();
  #connection: Promise<Socket> | null = null;
  #nextId = 0;

  constructor(options: { socketPath: string }) {
    this.#socketPath = options.socketPath;
  }

  /** @throws AppError `firewall_unavailable` when no enforcer process answers */
  async open(): Promise<void> {
    await this.#ask({ op: 'ping' });
  }

  async block(ip: string, seconds: number | null): Promise<void> {
    // Checked on this side too: JSON would turn Infinity into null, which is for ever.
    await this.#ask({ op: 'block', ip, seconds: secondsOf(seconds) });
  }

  /** All or none for up to `MAX_BLOCKS_PER_REQUEST`; of more, those before a failure stay. */
  async blockAll(blocks: readonly ActiveBlock[]): Promise<void> {
    for (const part of partsOf(blocks)) await this.#ask({ op: 'blockAll', blocks: part });
  }

  async restore(blocks: readonly ActiveBlock[]): Promise<number> {
    let restored = 0;
    for (const part of partsOf(blocks))
      restored += z.number().parse(await this.#ask({ op: 'restore', blocks: part }));
    return restored;
  }

  async unblock(ip: string): Promise<boolean> {
    return z.boolean().parse(await this.#ask({ op: 'unblock', ip }));
  }

  async list(): Promise<ActiveBlock[]> {
    return Blocks.parse(await this.#ask({ op: 'list' }));
  }

  async removeAll(): Promise<void> {
    await this.#ask({ op: 'removeAll' });
  }

  async protect(networks: readonly NeverBlockNetwork[]): Promise<void> {
    await this.#ask({
      op: 'protect',
      networks: networks.map(({ cidr, reason }) => ({ cidr, reason })),
    });
  }

  async protectedNetworks(): Promise<NeverBlockNetwork[]> {
    return Networks.parse(await this.#ask({ op: 'protectedNetworks' }));
  }

  async sweep(): Promise<Sweep> {
    return SweepResult.parse(await this.#ask({ op: 'sweep' }));
  }

  async counts(): Promise<EnforcerCounts> {
    return Counts.parse(await this.#ask({ op: 'counts' }));
  }

  /** Tells the process to end. Blocks stay in force. */
  async stopProcess(): Promise<void> {
    await this.#ask({ op: 'stop' });
  }

  /** Closes the connection; the next request opens another. */
  async close(): Promise<void> {
    const socket = await this.#connection?.catch(() => null);
    socket?.destroy();
  }

  async #ask(body: Body): Promise<unknown> {
    const socket = await this.#connected();
    if (this.#waiting.size >= MAX_WAITING) {
      throw new AppError(
        'overloaded',
        `Cannot ask the enforcer: ${MAX_WAITING} requests wait already`,
      );
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(
          new AppError(
            'firewall_unavailable',
            `The enforcer did not answer within ${TIMEOUT_MS / 1000} s`,
          ),
        );
      }, TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      socket.write(`${JSON.stringify({ id, ...body })}\n`);
    });
  }

  #connected(): Promise<Socket> {
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(this.#socketPath);
      const reader = new LineReader(MAX_REPLY_BYTES);
      let cause: Error | undefined;
      socket.on('connect', () => resolve(socket));
      socket.on('data', (chunk: Buffer) => {
        const lines = reader.push(chunk);
        if (!lines) socket.destroy(new Error('its reply is longer than allowed'));
        for (const line of lines ?? []) this.#settle(line, socket);
      });
      socket.on('error', (error) => {
        cause = error;
      });
      socket.on('close', () => {
        this.#connection = null;
        const error = new AppError(
          'firewall_unavailable',
          `Cannot reach the enforcer at ${this.#socketPath}: ${cause?.message ?? 'it closed the connection'}; start it with \`phantomnet enforcer\``,
          { cause },
        );
        reject(error);
        for (const id of [...this.#waiting.keys()]) this.#take(id)?.reject(error);
      });
    });
  }

  #settle(line: string, socket: Socket): void {
    const parsed = Reply.safeParse(jsonOf(line));
    if (!parsed.success) return void socket.destroy(new Error('its reply makes no sense'));
    const reply = parsed.data;
    if (reply.ok) {
      this.#take(reply.id)?.resolve(reply.result);
      return;
    }
    const error = new AppError(codeOf(reply.code), reply.message);
    if (reply.id === null) socket.destroy(error);
    else this.#take(reply.id)?.reject(error);
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(waiting?.timer);
    return waiting;
  }
}

function partsOf(
  blocks: readonly ActiveBlock[],
): { ip: string; remainingSeconds: number | null }[][] {
  const parts = [];
  for (let start = 0; start < blocks.length; start += MAX_BLOCKS_PER_REQUEST) {
    const part = blocks.slice(start, start + MAX_BLOCKS_PER_REQUEST);
    parts.push(
      part.map(({ ip, remainingSeconds }) => ({
        ip,
        remainingSeconds: secondsOf(remainingSeconds),
      })),
    );
  }
  return parts;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function codeOf(text: string): ErrorCode {
  return ERROR_CODES.find((code) => code === text) ?? 'firewall_unavailable';
}
