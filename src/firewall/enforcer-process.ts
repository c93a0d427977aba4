/**
 * The enforcer as a process of its own, the only part of the platform with CAP_NET_ADMIN. It listens on a Unix socket in
 * a directory that only its owner may enter, understands a dozen requests and nothing else, and never
 * speaks to the network. Bounds: `MAX_CLIENTS` connections, one request of `MAX_REQUEST_BYTES` at a time for each.
 */
import { chmod, chown, lstat, mkdir, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { AppError } from '../errors.ts';
import type { Enforcement } from './enforcer.ts';
import { MAX_REQUEST_BYTES, type Reply, Request } from './enforcer-protocol.ts';
import { LineReader } from './line-reader.ts';

const MAX_CLIENTS = 8;
const SWEEP_MS = 5000;
/** How long a client that broke the bounds may take to read why. */
const LINGER_MS = 1000;
/** What the other side may leave unread before it is cut off. */
const MAX_UNREAD_BYTES = 1 << 25;

export interface EnforcerProcessOptions {
  readonly enforcer: Enforcement;
  /** Its directory is made with mode 0700. */
  readonly socketPath: string;
  /** Who may use it besides root, when that is not this process's own user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Told of what failed in the background. */
  readonly onError?: (error: unknown) => void;
}

export interface EnforcerProcess {
  /** Resolves when it was told to stop, by a client or by `stop`. Blocks stay in force. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** @throws AppError `firewall_unavailable`, `config_invalid` (the socket's directory), `conflict` (one is running) */
export async function runEnforcerProcess(
  options: EnforcerProcessOptions,
): Promise<EnforcerProcess> {
  const { enforcer, socketPath, owner } = options;
  await prepareDirectory(dirname(socketPath), owner);
  await removeStale(socketPath);
  await enforcer.open();

  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (sockets.size >= MAX_CLIENTS) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    serve(socket, enforcer, stop);
  });
  const finished = new Promise<void>((resolve) => server.on('close', () => resolve()));
  await listen(server, socketPath);
  await chmod(socketPath, 0o600);
  if (owner) await chown(socketPath, owner.uid, owner.gid);

  let sweeping = false;
  const timer = setInterval(() => {
    if (sweeping) return;
    sweeping = true;
    const done = () => {
      sweeping = false;
    };
    enforcer.sweep().then(done, (error: unknown) => {
      done();
      options.onError?.(error);
    });
  }, SWEEP_MS);

  async function stop(): Promise<void> {
    clearInterval(timer);
    server.close();
    for (const socket of sockets) socket.destroySoon();
    await finished;
  }
  return { finished, stop };
}

/** Handles one request after the other: the next is not read while one is in work. */
function serve(socket: Socket, enforcer: Enforcement, stop: () => Promise<void>): void {
  const reader = new LineReader(MAX_REQUEST_BYTES);
  socket.on('error', () => {}); // the client is gone: close follows
  socket.on('data', (chunk: Buffer) => {
    const lines = reader.push(chunk);
    if (!lines) {
      const message = `Cannot read a request longer than ${MAX_REQUEST_BYTES} bytes`;
      socket.removeAllListeners('data').resume(); // what still comes is dropped, so that the answer can be read
      socket.end(lineOf({ id: null, ok: false, code: 'too_large', message }));
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
      return;
    }
    socket.pause();
    void answerAll(lines).then(() => socket.resume());
  });

  async function answerAll(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      const { reply, isStop } = await answer(line, enforcer);
      if (!socket.writable) return;
      socket.write(lineOf(reply));
      if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
      if (isStop) await stop();
    }
  }
}

async function answer(
  line: string,
  enforcer: Enforcement,
): Promise<{ reply: Reply; isStop: boolean }> {
  let id: number | null = null;
  try {
    const request = parseRequest(line);
    id = request.id;
    const result = await carryOut(request, enforcer);
    return { reply: { id, ok: true, result: result ?? null }, isStop: request.op === 'stop' };
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'firewall_unavailable';
    const message = error instanceof Error ? error.message : String(error);
    return { reply: { id: id ?? idOf(line), ok: false, code, message }, isStop: false };
  }
}

function parseRequest(line: string): Request {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new AppError('invalid_request', 'Cannot read the request: it is not JSON');
  }
  const parsed = Request.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError(
    'invalid_request',
    `Cannot read the request: ${issue?.path.join('.')}: ${issue?.message}`,
  );
}

/** The id of a request that is wrong otherwise, so that the one who waits for it hears. */
function idOf(line: string): number | null {
  try {
    const { id } = JSON.parse(line) as { id?: unknown };
    return Number.isInteger(id) ? (id as number) : null;
  } catch {
    return null;
  }
}

function carryOut(request: Request, enforcer: Enforcement): Promise<unknown> {
  switch (request.op) {
    case 'ping':
      return Promise.resolve({ firewall: enforcer.name });
    case 'block':
      return enforcer.block(request.ip, request.seconds);
    case 'blockAll':
      return enforcer.blockAll(request.blocks);
    case 'restore':
      return enforcer.restore(request.blocks);
    case 'unblock':
      return enforcer.unblock(request.ip);
    case 'list':
      return enforcer.list();
    case 'removeAll':
      return enforcer.removeAll();
    case 'protect':
      return enforcer.protect(request.networks);
    case 'protectedNetworks':
      return enforcer.protectedNetworks();
    case 'sweep':
      return enforcer.sweep();
    case 'counts':
      return enforcer.counts();
    case 'stop':
      return Promise.resolve(null);
  }
}

async function prepareDirectory(
  path: string,
  owner: EnforcerProcessOptions['owner'],
): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined && owner) await chown(path, owner.uid, owner.gid);
  const stat = await lstat(path);
  const allowed = [process.getuid?.(), owner?.uid];
  if (!stat.isDirectory() || (stat.mode & 0o077) !== 0 || !allowed.includes(stat.uid)) {
    throw new AppError(
      'config_invalid',
      `Cannot listen in ${path}: it must be a directory with mode 0700 that belongs to the enforcer's user or its owner`,
    );
  }
}

/** Takes away the socket of an enforcer that has died. @throws AppError `conflict` if one answers there */
async function removeStale(socketPath: string): Promise<void> {
  const stat = await lstat(socketPath).catch(() => null);
  if (!stat) return;
  if (!stat.isSocket())
    throw new AppError('config_invalid', `Cannot listen on ${socketPath}: there is a file already`);
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = createConnection(socketPath);
    probe.on('connect', () => resolve(true)).on('error', () => resolve(false));
    probe.on('connect', () => probe.destroy());
  });
  if (isAlive)
    throw new AppError(
      'conflict',
      `Cannot listen on ${socketPath}: another enforcer is running there`,
    );
  await rm(socketPath, { force: true });
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new AppError('config_invalid', `Cannot listen on ${socketPath}: ${cause.message}`, {
          cause,
        }),
      );
    });
    server.listen(socketPath, () => resolve());
  });
}

function lineOf(reply: Reply): string {
  return `${JSON.stringify(reply)}\n`;
}
