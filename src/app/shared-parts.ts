/** What the roles of a platform of many machines share: the database that all of them use, and the stream. */
import { hostname } from 'node:os';
import type { NatsConnection } from '@nats-io/transport-node';
import { AppError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { JetStream } from '../stream/jetstream.ts';
import { connectNats } from '../stream/nats-connection.ts';
import type { Config } from './config.ts';
import type { Log } from './log.ts';
import { openStore } from './open-store.ts';

export interface SharedParts {
  readonly db: Database;
  readonly connection: NatsConnection;
  readonly stream: JetStream;
}

/**
 * Closed by `stops`, the stream first.
 * @throws AppError `config_invalid`: a key that must be set is not; `database_unavailable`, `server_unavailable`.
 */
export async function openShared(
  config: Config,
  role: 'server' | 'worker',
  log: Log,
  stops: (() => Promise<void>)[],
): Promise<SharedParts> {
  const {
    servers,
    name,
    replicas,
    partition_bytes: partitionBytes,
    ca_file: caFile,
  } = config.stream;
  if (config.database.url === null) throw missing(role, 'database.url');
  if (servers.length === 0) throw missing(role, 'stream.servers');
  const db = await openStore(config, log, stops);
  const clientName = `phantomnet ${role} ${hostname()} ${process.pid}`;
  const connection = await connectNats({ servers, caFile, name: clientName });
  stops.push(() => connection.close());
  const stream = await JetStream.open(connection, { name, replicas, partitionBytes });
  stops.push(() => stream.close());
  return { db, connection, stream };
}

function missing(role: string, key: string): AppError {
  return new AppError(
    'config_invalid',
    `Cannot run as ${role}: ${key} is not set. It is what ${role}s share with the others; one machine alone needs only "up"`,
  );
}
