import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { trafficBatch } from '../../test/support/traffic.ts';
import { openDatabase } from './database.ts';
import { isServer } from './embedded/postmaster.ts';
import { type EmbeddedPostgres, startEmbedded } from './embedded.ts';
import { ingest } from './ingest.ts';
import { migrate } from './migrate.ts';

const isRoot = process.getuid?.() === 0;
const started: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
  chmodSync(folder, 0o755);
});

afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of started.splice(0)) await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(dataDir: string) {
  const lines: string[] = [];
  const log = {
    info: (line: string) => lines.push(line),
    warn: (line: string) => lines.push(line),
  };
  const server = await startEmbedded({ dataDir, log });
  started.push(server);
  return { server, lines };
}

/** Another process of ours, that starts the server, runs `body` and says `ready`. */
async function startElsewhere(dataDir: string, body: string, ids = {}): Promise<string> {
  const script = `
    import { startEmbedded } from '${resolve('src/store/embedded.ts')}';
    import { openDatabase } from '${resolve('src/store/database.ts')}';
    import { ingest } from '${resolve('src/store/ingest.ts')}';
    import { migrate } from '${resolve('src/store/migrate.ts')}';
    import { trafficBatch } from '${resolve('test/support/traffic.ts')}';
    const server = await startEmbedded({ dataDir: '${dataDir}', log: { info() {}, warn() {} } });
    ${body}`;
  const file = join(folder, 'other.mjs');
  writeFileSync(file, script);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'], ...ids });
  children.push(child);
  const ended = exited(child).then(() => {
    throw new Error('The other process ended without a word');
  });
  const [said] = await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), ended]);
  ended.catch(() => {});
  return String(said).trim();
}

async function exited(child: ChildProcess | undefined): Promise<void> {
  if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

describe('startEmbedded', () => {
  it('makes a cluster, listens on its socket alone, keeps what is committed, and stops', async () => {
    const dataDir = join(folder, 'data');
    const first = await start(dataDir);
    expect(first.server.origin).toBe('started');
    const db = await openDatabase({ connection: first.server.connection });
    const [setting] = await db.query("SELECT current_setting('listen_addresses') AS value");
    expect(setting).toEqual({ value: '' });
    await migrate(db);
    await ingest(db, trafficBatch({ packets: 10, startMicros: 1_700_000_000_000_000 }));
    await db.close();
    await first.server.stop();
    expect(await isServer(first.server.pid)).toBe(false);

    const second = await start(dataDir);
    const again = await openDatabase({ connection: second.server.connection });
    expect(await again.query('SELECT count(*) AS count FROM raw_packets')).toEqual([{ count: 10 }]);
    await again.close();
  });

  it.each(['data', 'long'.repeat(30)])(
    'is started again at the same socket after it was killed (%s)',
    async (name) => {
      const { server } = await start(join(folder, name));
      const db = await openDatabase({ connection: server.connection });
      const { pid } = server;
      expect(await server.revive()).toBe(false);
      process.kill(pid, 'SIGKILL');
      await expect.poll(() => isServer(pid)).toBe(false);
      expect(await server.revive()).toBe(true);
      expect(server.pid).not.toBe(pid);
      expect(await db.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await db.close();
      await server.stop();
      expect(await isServer(server.pid)).toBe(false);
      expect(await server.revive()).toBe(false);
    },
  );

  it('finds a place for its socket where the path is too long for one', async () => {
    const { server } = await start(join(folder, 'long'.repeat(20), 'long'.repeat(20)));
    expect(Buffer.byteLength(server.connection.host ?? '')).toBeLessThan(90);
  });

  it('starts with the lock of a server that was killed, though its number lives on in another', async () => {
    const dataDir = join(folder, 'data');
    const { server } = await start(dataDir);
    await server.stop();
    const lock = join(dataDir, 'cluster', 'postmaster.pid');
    writeFileSync(
      lock,
      `${process.pid}\n${dataDir}/cluster\n1\n5432\n${dataDir}/run\n\n0 0\nready\n`,
    );
    writeFileSync(join(dataDir, 'owner'), `${process.pid} 1\n`);
    expect((await start(dataDir)).server.origin).toBe('started');
  });

  it.each(['/proc/phantomnet', '/dev/null/data'])(
    'says in one line that %s is no place',
    async (dir) => {
      const failure = await startEmbedded({ dataDir: dir, log: { info() {}, warn() {} } }).catch(
        (error: unknown) => error,
      );
      expect(failure).toMatchObject({ code: 'database_unavailable' });
      expect((failure as Error).message).toContain(dir);
      expect((failure as Error).message).not.toContain('\n');
    },
  );

  it('says so where the cluster is of another PostgreSQL', async () => {
    const dataDir = join(folder, 'data');
    mkdirSync(join(dataDir, 'cluster'), { recursive: true });
    writeFileSync(join(dataDir, 'cluster', 'PG_VERSION'), '12\n');
    const failure = startEmbedded({ dataDir, log: { info() {}, warn() {} } });
    await expect(failure).rejects.toThrow(/made by PostgreSQL 12/);
  });
});

describe('beside other processes of ours', () => {
  it('a living owner keeps its server: the second only borrows it', async () => {
    const dataDir = join(folder, 'data');
    const pid = Number(
      await startElsewhere(dataDir, 'console.log(server.pid); setInterval(() => {}, 1000);'),
    );
    const { server } = await start(dataDir);
    expect(server).toMatchObject({ origin: 'borrowed', pid });
    await server.stop();
    expect(await isServer(pid)).toBe(true);
    // It dies without stopping the server: the next one adopts it.
    const [owner] = children;
    owner?.kill('SIGKILL');
    await exited(owner);
    const adopted = await start(dataDir);
    expect(adopted.server).toMatchObject({ origin: 'adopted', pid });
    await adopted.server.stop();
    expect(await isServer(pid)).toBe(false);
  });

  it('killed amid ingest, server and all: whole batches are there, each once, and the rest follows', async () => {
    const dataDir = join(folder, 'data');
    const said = await startElsewhere(
      dataDir,
      `const db = await openDatabase({ connection: server.connection });
       await migrate(db);
       const at = (sequence) => trafficBatch({
         packets: 1000, startMicros: 1_700_000_000_000_000 + sequence * 50_000, sequence });
       for (let sequence = 0; ; sequence++) {
         if (sequence === 5) console.log(server.pid);
         await ingest(db, at(sequence));
       }`,
    );
    children[0]?.kill('SIGKILL');
    for (const pid of serverProcesses(Number(said))) kill(pid);
    const { server, lines } = await start(dataDir);
    expect(server.origin).toBe('started');
    expect(lines.join('\n')).not.toContain('making');

    const db = await openDatabase({ connection: server.connection });
    const [place] = await db.query<{ sequence: number }>('SELECT sequence FROM ingest_offsets');
    const stored = place!.sequence + 1;
    expect(stored).toBeGreaterThanOrEqual(5);
    const counted = `SELECT count(*) AS rows, count(DISTINCT captured_at) AS times,
      (SELECT sum(total_packets) FROM traffic_stats) AS total FROM raw_packets`;
    const whole = (batches: number) => ({
      rows: batches * 1000,
      times: batches * 1000,
      total: batches * 1000,
    });
    expect(await db.query(counted)).toEqual([whole(stored)]);
    for (const sequence of [stored - 1, stored]) {
      const startMicros = 1_700_000_000_000_000 + sequence * 50_000;
      await ingest(db, trafficBatch({ packets: 1000, startMicros, sequence }));
    }
    expect(await db.query(counted)).toEqual([whole(stored + 1)]);
    await db.close();
  });
});

describe.runIf(isRoot)('as root', () => {
  it('the server runs as somebody without privileges, who is not made for it', async () => {
    const before = readFileSync('/etc/passwd', 'utf8');
    const { server } = await start(join(folder, 'data'));
    expect(capabilitiesOf(server.pid)).toBe(0n);
    expect(readFileSync('/etc/passwd', 'utf8')).toBe(before);
  });

  it('it runs below a folder that is closed to everybody else too', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const { server, lines } = await start(join(closed, 'data'));
    expect(lines.join('\n')).toContain('in a user namespace');
    expect(capabilitiesOf(server.pid)).toBe(0n);
    await server.stop();
    expect((await start(join(closed, 'data'))).server.origin).toBe('started');
  });

  it('an ordinary user starts it, and root after him leaves it his', async ({ skip }) => {
    const ids = { uid: 65_534, gid: 65_534 };
    try {
      execFileSync(process.execPath, ['-e', `fs.accessSync('${resolve('src/store')}')`], {
        ...ids,
        stdio: 'ignore',
      });
    } catch {
      skip('the checkout is in a folder that other users cannot enter');
    }
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    chownSync(dataDir, ids.uid, ids.gid);
    const script = `console.log(server.origin + process.getuid()); await server.stop();`;
    expect(await startElsewhere(dataDir, script, ids)).toBe('started65534');
    await exited(children[0]);
    const { lines } = await start(dataDir);
    expect(lines.join('\n')).toContain('as the owner of the data, user 65534');
  });
});

/** Effective capabilities, outside of its namespace's own. */
function capabilitiesOf(pid: number): bigint {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const uid = /^Uid:\s+(\d+)/m.exec(status)?.[1];
  const capabilities = BigInt(`0x${/^CapEff:\s+(\w+)/m.exec(status)?.[1]}`);
  expect(uid).toBeDefined();
  return capabilities;
}

/** The postmaster and its children. */
function serverProcesses(postmaster: number): number[] {
  const list = execFileSync('ps', ['-o', 'pid=', '--ppid', String(postmaster)], {
    encoding: 'utf8',
  });
  return [postmaster, ...list.trim().split(/\s+/).map(Number)];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with its parent.
  }
}
