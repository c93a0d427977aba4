/**
 * The lures: services that nobody has business with, so that whoever speaks to them gives himself away. Nothing
 * received is ever executed, and no connection is ever made from here. Bounds: `LureLimits`.
 */

import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { LureEvent, LureService } from '../contract/lure.ts';
import { attachFtp } from './ftp-lure.ts';
import { createHttpLure } from './http-lure.ts';
import { LOGIN_POLICY, type LoginPolicy } from './login-policy.ts';
import { LURE_LIMITS, type LureLimits } from './lure-limits.ts';
import { type ListenerCounts, type LureListener, listenForLure } from './lure-listener.ts';
import type { LureSession } from './lure-session.ts';
import { SourceBudgets } from './source-budgets.ts';
import { createSshLure } from './ssh-lure.ts';
import { UploadStore } from './upload-store.ts';

export interface LuresOptions {
  /** Host keys and uploads are kept in `lures` below it. */
  readonly dataDir: string;
  readonly onEvent: (event: LureEvent) => void;
  /** Address to listen on; `::` is every address of either version. */
  readonly host?: string;
  /** Null: not this one. 0: any free port. */
  readonly ports?: Readonly<Partial<Record<LureService, number | null>>>;
  readonly limits?: Partial<LureLimits>;
  readonly login?: Partial<LoginPolicy>;
}

const LURE_PORTS: Readonly<Record<LureService, number>> = {
  ssh: 2222,
  http: 8080,
  ftp: 2121,
};

interface LureAddress {
  readonly service: LureService;
  readonly host: string;
  readonly port: number;
}

interface LureCounts extends ListenerCounts {
  /** Events not reported because their source had used up its budget. */
  droppedEvents: number;
}

export interface Lures {
  readonly addresses: readonly LureAddress[];
  counts(): Record<LureService, LureCounts>;
  /** Uploads on disk, bytes, and how many were not kept whole. */
  uploads(): { bytes: number; cut: number };
  /** Ends all sessions; their `close` events come before it resolves. */
  stop(): Promise<void>;
}

interface Attachable {
  readonly allowHalfOpen: boolean;
  attach(session: LureSession, socket: Socket): void;
  close(): void;
}

/** All or none. @throws AppError `port_taken` naming lure and port, `config_invalid` */
export async function startLures(options: LuresOptions): Promise<Lures> {
  const limits = { ...LURE_LIMITS, ...options.limits };
  const login = { ...LOGIN_POLICY, ...options.login };
  const directory = join(options.dataDir, 'lures');
  const uploads = new UploadStore(join(directory, 'uploads'), limits);
  const budgets = new SourceBudgets(limits);
  const droppedEvents = { ssh: 0, http: 0, ftp: 0 };
  const started: { service: LureService; listener: LureListener; lure: Attachable }[] = [];

  async function stop(): Promise<void> {
    await Promise.all(started.map(({ listener }) => listener.stop()));
    for (const { lure } of started) lure.close();
  }

  try {
    for (const service of ['ssh', 'http', 'ftp'] as const) {
      const port =
        options.ports?.[service] === undefined ? LURE_PORTS[service] : options.ports[service];
      if (port === null) continue;
      const emit = (event: LureEvent): void => {
        const isPaid = event.kind === 'connect' || event.kind === 'close';
        if (!isPaid && !budgets.takeEvent(event.source_ip)) {
          droppedEvents[service]++;
          return;
        }
        options.onEvent(event);
      };
      const lure = await createLure(service, directory);
      const listener = await listenForLure({
        context: { service, limits, login, uploads, emit },
        budgets,
        host: options.host ?? '0.0.0.0',
        port,
        allowHalfOpen: lure.allowHalfOpen,
        onSession: lure.attach,
      });
      started.push({ service, listener, lure });
    }
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    addresses: started.map(({ service, listener: { host, port } }) => ({ service, host, port })),
    counts: () => {
      const none: ListenerCounts = { sessions: 0, accepted: 0, refused: 0, cutOff: 0 };
      const of = (service: LureService) => ({
        ...(started.find((each) => each.service === service)?.listener.counts ?? none),
        droppedEvents: droppedEvents[service],
      });
      return { ssh: of('ssh'), http: of('http'), ftp: of('ftp') };
    },
    uploads: () => uploads.counts,
    stop,
  };
}

async function createLure(service: LureService, directory: string): Promise<Attachable> {
  if (service === 'ssh') return { allowHalfOpen: false, ...(await createSshLure(directory)) };
  if (service === 'http') return { allowHalfOpen: true, ...createHttpLure() };
  return { allowHalfOpen: false, attach: attachFtp, close: () => {} };
}
