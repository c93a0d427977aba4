/** What a fault happens to: one machine with `up`, or servers, workers, NATS and a PostgreSQL, with sensors that deliver. */
import { readdirSync, readFileSync } from 'node:fs';
import type { NatsServers } from '../../src/bench/nats-servers.ts';
import type { Database } from '../../src/store/database.ts';
import type { SmallDisk } from '../support/small-disk.ts';
import { type Machines, startCluster } from './cluster.ts';
import { type OwnDisk, startOneMachine } from './one-machine.ts';
import type { Role } from './role.ts';

export interface Scene {
  readonly db: Database;
  readonly urls: readonly string[];
  readonly keys: readonly string[];
  /** What answers sensors: servers, or the whole platform. */
  readonly servers: readonly Role[];
  readonly workers: readonly Role[];
  readonly sensors: readonly Role[];
  readonly nats: NatsServers | null;
  readonly disk: SmallDisk | null;
  newWorker(): Role;
  /** Of the database's server; null: there is none now. */
  postmaster(): Promise<number | null>;
  /** False: whoever looks after it starts it again. */
  reviveDatabase(): Promise<boolean>;
  /** The server of the second database; null: the store is one. */
  readonly second: DatabaseServer | null;
  stop(): Promise<void>;
}

export type DatabaseServer = Pick<Scene, 'postmaster' | 'reviveDatabase'>;

export interface Traffic {
  readonly sensors: number;
  readonly batches: number;
  readonly paceMs: number;
}

export async function manyMachines(machines: Machines, traffic: Traffic): Promise<Scene> {
  const cluster = await startCluster(machines, { servers: 2, workers: 2, ...traffic });
  const { postgres, secondPostgres: second, nats } = machines;
  return {
    ...cluster,
    nats,
    disk: null,
    postmaster: async () => postgres.pid,
    reviveDatabase: () => postgres.revive(),
    second: second && {
      postmaster: async () => second.pid,
      reviveDatabase: () => second.revive(),
    },
  };
}

export async function oneMachine(traffic: Traffic, ownDisk?: OwnDisk): Promise<Scene> {
  const { platform, ...machine } = await startOneMachine({ ...traffic, ownDisk });
  return {
    ...machine,
    servers: [platform],
    workers: [],
    nats: null,
    newWorker() {
      throw new Error('one machine has no workers of their own');
    },
    reviveDatabase: async () => true,
    second: null,
  };
}

/** Stops all processes of the database's server for a time: nothing is refused, nothing answers. */
export async function holdDatabase(
  server: DatabaseServer,
  during: () => Promise<void>,
): Promise<void> {
  const postmaster = await server.postmaster();
  if (postmaster === null) throw new Error('There is no database to hold');
  // The one that makes others first: none is missed.
  process.kill(postmaster, 'SIGSTOP');
  const held = [postmaster, ...childrenOf(postmaster)];
  for (const pid of held.slice(1)) signal(pid, 'SIGSTOP');
  try {
    await during();
  } finally {
    for (const pid of held.reverse()) signal(pid, 'SIGCONT');
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // After the name, which may hold anything: state, then the parent.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}
