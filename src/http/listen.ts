/** Puts the application on a port, and takes it off again without cutting answers short. */
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { AppError, fileTrouble } from '../errors.ts';

/** Connections at once, headers and whole requests in ms, time for open answers when stopping. */
const MAX_CONNECTIONS = 1024;
const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 5_000;

export interface ListenOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Speaks https with this certificate; default: http, for this machine or behind a proxy. */
  readonly tls?: TlsFiles | undefined;
}

/** PEM. */
export interface TlsFiles {
  /** The server's certificate, then those that lead to its authority. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Listener {
  readonly host: string;
  readonly port: number;
  /** For people: an address of this machine that leads here. */
  readonly url: string;
  /** Takes no more connections, lets open answers finish (at most 5 s), then closes. End live streams first. */
  stop(): Promise<void>;
}

/** @throws AppError port_taken, or config_invalid where the address or port is not ours to use, or the certificate cannot be. */
export async function listen(app: Hono, { host, port, tls }: ListenOptions): Promise<Listener> {
  const timeouts = { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS };
  const server = makeServer(app, timeouts, tls);
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
    url: `${tls ? 'https' : 'http'}://${urlHost(host)}:${boundPort}`,
    stop: () => stop(server),
  };
}

function makeServer(app: Hono, timeouts: object, tls: TlsFiles | undefined): Server {
  const { fetch } = app;
  if (!tls) return createAdaptorServer({ fetch, serverOptions: timeouts }) as Server;
  const secrets = { cert: readPem(tls.certFile), key: readPem(tls.keyFile) };
  try {
    const serverOptions = { ...timeouts, ...secrets };
    return createAdaptorServer({ fetch, createServer: createHttpsServer, serverOptions }) as Server;
  } catch (error) {
    throw new AppError(
      'config_invalid',
      `Cannot use the certificate ${tls.certFile} with ${tls.keyFile}: ${(error as Error).message}`,
    );
  }
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AppError('config_invalid', `Cannot read ${path}: ${fileTrouble(error)}`);
  }
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
