/** Puts the application on a port, and takes it off again without cutting answers short. */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { AppError } from '../errors.ts';

/** Connections at once, headers and whole requests in ms, time for open answers when stopping. */
const MAX_CONNECTIONS = 1024;
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 5_000;

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** For people: an address of this machine that leads here. */
  readonly url: string;
  /** Takes no more connections, lets open answers finish (at most 5 s), then closes. End live streams first. */
  stop(): Promise<void>;
}

/** @throws AppError port_taken, or config_invalid where the address or port is not ours to use. */
export async function listen(app: Hono, { host, port }: ListenOptions): Promise<Listener> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  }) as Server;
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
    server.listen({ host, port }, resolve);
  });
  const bound = server.address();
  const boundPort = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    host,
    port: boundPort,
    url: `http://${urlHost(host)}:${boundPort}`,
    stop: () => stop(server),
  };
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const what = `Cannot listen on ${host} port ${port}`;
  if (error.code === 'EADDRINUSE')
    return new AppError('port_taken', `${what}: another program has it`, { cause: error });
  if (error.code === 'EACCES')
    return new AppError('config_invalid', `${what}: this user may not`, { cause: error });
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
    return new AppError('config_invalid', `${what}: it is no address of this machine`, {
      cause: error,
    });
  return error;
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
    // A kept-alive connection becomes idle when its answer is out, and nobody tells.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
  });
}
