/**
 * The door of every lure: accepts connections within the bounds, reports contact and end, and cuts off who is idle,
 * too long, too much or does not read. What is spoken inside is the lure's own affair.
 */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { AppError } from '../errors.ts';
import { type LureContext, LureSession } from './lure-session.ts';
import type { SourceBudgets } from './source-budgets.ts';

const MIN_SWEEP_MS = 20;
const MAX_SWEEP_MS = 250;

export interface ListenerOptions {
  readonly context: LureContext;
  readonly budgets: SourceBudgets;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** A visitor who has said all may still wait for the answer. */
  readonly allowHalfOpen: boolean;
  /** Attaches the protocol; must take up reading before it returns. */
  readonly onSession: (session: LureSession, socket: Socket) => void;
}

export interface LureListener {
  readonly host: string;
  readonly port: number;
  readonly counts: Readonly<ListenerCounts>;
  /** Ends all sessions, reports their end, and frees the port. */
  stop(): Promise<void>;
}

export interface ListenerCounts {
  /** Open now. */
  sessions: number;
  accepted: number;
  /** Connections closed at once because of a bound. */
  refused: number;
  /** Sessions ended because of a bound. */
  cutOff: number;
}

interface Open {
  readonly session: LureSession;
  readonly startedMs: number;
  lastBytesIn: number;
  lastReadMs: number;
}

/** @throws AppError `port_taken`, `config_invalid` */
export async function listenForLure(options: ListenerOptions): Promise<LureListener> {
  const { context, budgets } = options;
  const { limits } = context;
  const open = new Map<Socket, Open>();
  const counts: ListenerCounts = { sessions: 0, accepted: 0, refused: 0, cutOff: 0 };

  const server = createServer({ allowHalfOpen: options.allowHalfOpen }, (socket) => {
    socket.on('error', () => {}); // resets and the like: close follows
    const session = new LureSession(context, socket);
    if (
      !socket.remoteAddress ||
      open.size >= limits.maxSessions ||
      !budgets.beginSession(session.sourceIp)
    ) {
      counts.refused++;
      socket.destroy();
      return;
    }
    const nowMs = performance.now();
    open.set(socket, { session, startedMs: nowMs, lastBytesIn: 0, lastReadMs: nowMs });
    counts.sessions = open.size;
    counts.accepted++;
    socket.on('close', () => {
      open.delete(socket);
      counts.sessions = open.size;
      budgets.endSession(session.sourceIp);
      session.close();
    });
    session.record('connect');
    options.onSession(session, socket);
  });
  const { host, port } = await listen(server, options);

  const sweepMs = Math.max(
    MIN_SWEEP_MS,
    Math.min(MAX_SWEEP_MS, limits.idleMs / 4, limits.totalMs / 4),
  );
  const timer = setInterval(() => {
    const nowMs = performance.now();
    for (const [socket, entry] of open) {
      if (socket.bytesRead > entry.lastBytesIn) {
        entry.lastBytesIn = socket.bytesRead;
        entry.lastReadMs = nowMs;
      }
      const isOver =
        nowMs - entry.lastReadMs >= limits.idleMs ||
        nowMs - entry.startedMs >= limits.totalMs ||
        entry.lastBytesIn > limits.maxBytesIn ||
        socket.writableLength > limits.maxUnreadBytes;
      if (!isOver) continue;
      counts.cutOff++;
      socket.destroy();
    }
  }, sweepMs);

  async function stop(): Promise<void> {
    clearInterval(timer);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of open.keys()) socket.destroy();
    await closed;
  }
  return { host, port, counts, stop };
}

function listen(server: Server, options: ListenerOptions): Promise<{ host: string; port: number }> {
  const name = options.context.service.toUpperCase();
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(refusal(name, options, cause)));
    server.listen({ host: options.host, port: options.port, exclusive: true }, () => {
      server.on('error', () => {}); // accept failed (out of descriptors): the next may succeed
      const { address, port } = server.address() as AddressInfo;
      resolve({ host: address, port });
    });
  });
}

function refusal(
  name: string,
  { host, port }: ListenerOptions,
  cause: NodeJS.ErrnoException,
): AppError {
  if (cause.code === 'EADDRINUSE') {
    return new AppError(
      'port_taken',
      `Cannot start the ${name} lure: port ${port} on ${host} is taken`,
      { cause },
    );
  }
  const hint = cause.code === 'EACCES' ? `; ports below 1024 need CAP_NET_BIND_SERVICE` : '';
  return new AppError(
    'config_invalid',
    `Cannot start the ${name} lure on ${host} port ${port}: ${cause.message}${hint}`,
    { cause },
  );
}
