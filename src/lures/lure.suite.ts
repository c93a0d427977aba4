/** What every lure does, whatever it speaks. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LureEvent, type LureService } from '../contract/lure.ts';
import { type Lures, type LuresOptions, startLures } from './lures.ts';
import { hostKeys } from './ssh-host-keys.ts';

/** How a visitor uses the service; each function connects for itself and leaves. */
export interface Visitor {
  /** True if it was let in. */
  login(port: number, username: string, password: string): Promise<boolean>;
  /** Signs in as root:root where needed. Resolves also when the lure cuts it off. */
  upload(port: number, name: string, data: Buffer): Promise<void>;
}

export class LureBench {
  readonly events: LureEvent[] = [];
  readonly service: LureService;
  directory = '';
  lures: Lures | null = null;

  constructor(service: LureService) {
    this.service = service;
  }

  /** Starts the one lure on a free port and returns the port. */
  async start(options: Partial<LuresOptions> = {}): Promise<number> {
    if (!this.directory) {
      this.directory = await mkdtemp(join(tmpdir(), 'lures-'));
      // Host keys take long to make; one set serves all tests of a file.
      if (this.service === 'ssh')
        await cp(await sharedHostKeys(), join(this.directory, 'lures'), { recursive: true });
    }
    this.events.length = 0;
    this.lures = await startLures({
      dataDir: this.directory,
      host: '127.0.0.1',
      ports: { ssh: null, http: null, ftp: null, [this.service]: 0 },
      onEvent: (event) => this.events.push(LureEvent.parse(event)),
      ...options,
    });
    return this.lures.addresses[0]?.port ?? 0;
  }

  async stop(): Promise<void> {
    await this.lures?.stop();
    this.lures = null;
  }

  async clean(): Promise<void> {
    await this.stop();
    if (this.directory) await rm(this.directory, { recursive: true });
    this.directory = '';
  }

  of(kind: LureEvent['kind']): LureEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }

  /** Resolves with the first event of this kind that fits; fails after 5 s. */
  async until(
    kind: LureEvent['kind'],
    fits: (event: LureEvent) => boolean = () => true,
  ): Promise<LureEvent> {
    for (let tries = 0; tries < 500; tries++) {
      const event = this.of(kind).find(fits);
      if (event) return event;
      await sleep(10);
    }
    throw new Error(`No ${kind} event among ${this.events.map((event) => event.kind).join(', ')}`);
  }

  get uploads(): string {
    return join(this.directory, 'lures', 'uploads');
  }
}

let hostKeyDirectory: Promise<string> | null = null;

function sharedHostKeys(): Promise<string> {
  hostKeyDirectory ??= mkdtemp(join(tmpdir(), 'lure-keys-')).then(async (directory) => {
    await hostKeys(directory);
    return directory;
  });
  return hostKeyDirectory;
}

afterAll(async () => {
  if (hostKeyDirectory) await rm(await hostKeyDirectory, { recursive: true });
});

export function describeLure(service: LureService, visitor: Visitor): void {
  describe(`the ${service} lure`, () => {
    const bench = new LureBench(service);
    const sockets: Socket[] = [];

    beforeEach(() => {
      sockets.length = 0;
    });
    afterEach(async () => {
      for (const socket of sockets) socket.destroy();
      await bench.clean();
    });

    /** A bare connection that counts as closed once the lure has closed it. */
    async function dial(port: number): Promise<Socket> {
      const socket = createConnection({ port, host: '127.0.0.1' });
      sockets.push(socket);
      socket.on('error', () => {});
      socket.resume();
      await once(socket, 'connect');
      return socket;
    }

    it('reports a contact and its end', async () => {
      const port = await bench.start();
      const socket = await dial(port);
      const { localPort } = socket;
      const connect = await bench.until('connect');
      expect(connect).toMatchObject({
        service,
        source_ip: '127.0.0.1',
        source_port: localPort,
        local_port: port,
      });
      socket.destroy();
      expect((await bench.until('close')).session_id).toBe(connect.session_id);
      expect(bench.lures?.counts()[service]).toMatchObject({
        sessions: 0,
        accepted: 1,
        refused: 0,
      });
    });

    it('records credentials, and lets weak ones in', async () => {
      const port = await bench.start();
      expect(await visitor.login(port, 'deploy', 'Tr0ub4dor&3')).toBe(false);
      expect(await visitor.login(port, 'root', 'root')).toBe(true);
      expect(bench.of('login')).toMatchObject([
        { username: 'deploy', password: 'Tr0ub4dor&3', text: 'rejected password' },
        { username: 'root', password: 'root', text: 'accepted password' },
      ]);
    });

    it('lets nobody in when told so', async () => {
      const port = await bench.start({ login: { weak: [], acceptTry: null } });
      expect(await visitor.login(port, 'root', 'root')).toBe(false);
    });

    it('bounds and cleans what it records', async () => {
      const port = await bench.start();
      await visitor.login(port, `${'u'.repeat(900)}`, `\u001b[2J\u0007${'p'.repeat(900)}`);
      const login = await bench.until('login');
      expect(login.username).toBe('u'.repeat(256));
      expect(login.password).toBe(`\\x1b[2J\\x07${'p'.repeat(256 - 11)}`);
    });

    it('keeps an upload, named by its hash and readable by us alone', async () => {
      const port = await bench.start();
      const data = randomBytes(70_000);
      const sha256 = createHash('sha256').update(data).digest('hex');
      await visitor.upload(port, 'payload.bin', data);
      const upload = await bench.until('upload');
      expect(upload).toMatchObject({
        bytes: 70_000,
        sha256,
        text: expect.stringContaining('payload.bin'),
      });
      expect(await readdir(bench.uploads)).toEqual([sha256]);
      expect(await readFile(join(bench.uploads, sha256))).toEqual(data);
      expect((await stat(join(bench.uploads, sha256))).mode & 0o777).toBe(0o600);
    });

    it('keeps no more of an upload than allowed, and no more uploads than allowed', async () => {
      const port = await bench.start({
        limits: { maxUploadBytes: 50_000, maxUploadsBytes: 80_000 },
      });
      const data = [0, 1].map(() => randomBytes(70_000));
      const hashes = data.map((each) => createHash('sha256').update(each).digest('hex'));
      for (const each of data) await visitor.upload(port, 'big', each);
      await bench.until('upload', (event) => event.sha256 === hashes[1]);
      expect(bench.of('upload')).toMatchObject(hashes.map((sha256) => ({ bytes: 70_000, sha256 })));
      const kept = await Promise.all(
        (await readdir(bench.uploads)).map((name) => stat(join(bench.uploads, name))),
      );
      expect(Math.max(...kept.map(({ size }) => size))).toBe(50_000);
      expect(kept.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(80_000);
      expect(await readdir(bench.uploads)).toContain(`${hashes[0]}.cut`);
      expect(bench.lures?.uploads()).toMatchObject({ cut: 2 });
    });

    it('cuts off who sends too much', async () => {
      const port = await bench.start({ limits: { maxBytesIn: 100_000 } });
      await visitor.upload(port, 'endless', randomBytes(3_000_000));
      await bench.until('close');
      const upload = bench.of('upload')[0];
      expect(upload === undefined || (upload.bytes ?? 0) < 3_000_000).toBe(true);
      for (const name of await readdir(bench.uploads))
        expect((await stat(join(bench.uploads, name))).size).toBeLessThan(3_000_000);
    });

    it('cuts off who is idle', async () => {
      const port = await bench.start({ limits: { idleMs: 120 } });
      await once(await dial(port), 'close');
      await bench.until('close');
      expect(bench.lures?.counts()[service].cutOff).toBe(1);
    });

    it('cuts off who goes on for too long, a byte at a time', async () => {
      const port = await bench.start({ limits: { idleMs: 5000, totalMs: 300 } });
      const socket = await dial(port);
      const drip = setInterval(() => socket.write('a'), 20);
      await once(socket, 'close');
      clearInterval(drip);
      expect(await bench.until('close')).toBeTruthy();
    });

    it('bounds the sessions of one source, and serves again after a flood', async () => {
      const port = await bench.start({ limits: { maxSessionsPerSource: 5 } });
      const flood = await Promise.all(
        Array.from({ length: 60 }, () => dial(port).catch(() => null)),
      );
      await sleep(100);
      const counts = bench.lures?.counts()[service];
      expect(counts).toMatchObject({ sessions: 5, accepted: 5, refused: 55 });
      expect(bench.of('connect')).toHaveLength(5);
      for (const socket of flood) socket?.destroy();
      await sleep(100);
      expect(await visitor.login(port, 'root', 'root')).toBe(true);
    });

    it('bounds the sessions of all together', async () => {
      const port = await bench.start({ limits: { maxSessions: 3 } });
      await Promise.all(Array.from({ length: 10 }, () => dial(port)));
      await sleep(100);
      expect(bench.lures?.counts()[service]).toMatchObject({ sessions: 3, refused: 7 });
    });

    it('bounds the events of one source', async () => {
      const port = await bench.start({
        limits: { sourceEventBurst: 10, sourceEventsPerSecond: 0.001 },
      });
      for (let index = 0; index < 30; index++) (await dial(port)).destroy();
      await sleep(100);
      expect(bench.events.length).toBeLessThanOrEqual(10);
      const counts = bench.lures?.counts()[service];
      expect((counts?.refused ?? 0) + (counts?.droppedEvents ?? 0)).toBeGreaterThan(0);
    });

    it('survives whatever it is sent', async () => {
      const port = await bench.start();
      const greetings = [
        '',
        'SSH-2.0-x\r\n',
        'GET / HTTP/1.1\r\n\r\n',
        'USER a\r\nPASS b\r\n',
        'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n',
      ];
      for (const greeting of greetings) {
        const socket = await dial(port);
        socket.write(greeting);
        socket.write(randomBytes(3000));
        socket.end();
        await once(socket, 'close');
      }
      expect(await visitor.login(port, 'root', 'root')).toBe(true);
    });

    it('ends its sessions and frees the port when stopped', async () => {
      const port = await bench.start();
      const socket = await dial(port);
      await bench.until('connect');
      const closed = once(socket, 'close');
      await bench.stop();
      await closed;
      expect(bench.of('close')).toHaveLength(1);
      await bench.start({ ports: { ssh: null, http: null, ftp: null, [service]: port } });
    });

    it('names port and lure when the port is taken', async () => {
      const other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      const { port } = other.address() as { port: number };
      const ports = { ssh: null, http: null, ftp: null, [service]: port };
      await expect(bench.start({ ports })).rejects.toMatchObject({
        code: 'port_taken',
        message: expect.stringMatching(new RegExp(`${service}.*${port}`, 'i')),
      });
      other.close();
    });
  });
}
