/** A connection to NATS servers that never gives up: what waits for an answer meanwhile times out by itself. */

import type { NatsConnection } from '@nats-io/transport-node';
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node';
import { AppError } from '../errors.ts';

export interface NatsOptions {
  /** `nats://` or `tls://`, with name and password where they are wanted: `tls://name:password@host:4222`. */
  readonly servers: readonly string[];
  /** Certificate authority of the servers (PEM file); null: the public ones. */
  readonly caFile: string | null;
  /** What the servers' pages call this client. */
  readonly name: string;
}

const FIRST_CONNECT_MS = 5_000;
const RECONNECT_MS = 500;
/** A server that is gone without a word is noticed after twice this. */
const PING_MS = 10_000;

/** @throws AppError `config_invalid` where an address is none, `server_unavailable` where no server answers. */
export async function connectNats({ servers, caFile, name }: NatsOptions): Promise<NatsConnection> {
  const urls = servers.map(parseServer);
  const [first] = urls;
  if (!first) throw new AppError('config_invalid', 'Cannot use the stream: it names no servers');
  const isTls = urls.some(({ protocol }) => protocol === 'tls:');
  const options: NodeConnectionOptions = {
    servers: urls.map(({ host }) => host),
    name,
    timeout: FIRST_CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 1,
    ...(first.username && {
      user: decodeURIComponent(first.username),
      pass: decodeURIComponent(first.password),
    }),
    ...(isTls && { tls: caFile === null ? {} : { caFile } }),
  };
  try {
    return await connect(options);
  } catch (error) {
    const where = urls.map(({ host }) => host).join(', ');
    throw new AppError(
      'server_unavailable',
      `Cannot reach NATS at ${where}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function parseServer(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'nats:' || url?.protocol === 'tls:') return url;
  throw new AppError('config_invalid', 'Cannot use a stream server: expected nats:// or tls://');
}
