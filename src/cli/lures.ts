/** `phantomnet lures`: the lures alone, without server or database; what visitors do goes to standard output. */
import { once } from 'node:events';
import type { LureEvent, LureService } from '../contract/lure.ts';
import { startLures } from '../lures/lures.ts';
import { untilStopped } from './until-stopped.ts';

/** Output that nobody reads: past it events are dropped and counted. */
const MAX_UNREAD_BYTES = 8 * 2 ** 20;

export interface LuresCommandOptions {
  readonly dataDir: string;
  readonly host: string;
  /** Null: not this one. */
  readonly ports: Readonly<Record<LureService, number | null>>;
  readonly json: boolean;
  readonly out: NodeJS.WritableStream & { readonly writableLength: number };
  readonly err: NodeJS.WritableStream;
  /** Ends the command; without it SIGINT and SIGTERM do. */
  readonly signal?: AbortSignal;
}

/** Runs until told to end; sessions open then are closed and reported. @throws AppError `port_taken`, `config_invalid` */
export async function lures(options: LuresCommandOptions): Promise<void> {
  const { dataDir, host, ports, json, out, err } = options;
  const format = json ? JSON.stringify : summaryOf;
  let dropped = 0;
  const running = await startLures({
    dataDir,
    host,
    ports,
    onEvent: (event) => {
      if (out.writableLength > MAX_UNREAD_BYTES) dropped++;
      else out.write(`${format(event)}\n`);
    },
  });
  for (const { service, host: address, port } of running.addresses)
    err.write(`Lure: ${service} on ${address} port ${port}\n`);
  await ended(options.signal ?? untilStopped());
  await running.stop();
  if (dropped > 0) err.write(`${dropped} events were dropped: standard output was not read\n`);
}

function summaryOf(event: LureEvent): string {
  const details = [
    event.username !== null && `user ${JSON.stringify(event.username)}`,
    event.password !== null && `password ${JSON.stringify(event.password)}`,
    event.text !== null && JSON.stringify(event.text),
    event.bytes !== null && `${event.bytes} B`,
    event.sha256 !== null && `sha256 ${event.sha256}`,
  ].filter((part) => part !== false);
  return [event.at, event.service, event.source_ip, event.kind, ...details].join(' ');
}

async function ended(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
