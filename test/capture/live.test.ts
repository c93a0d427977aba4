/** Live capture through the sensor's own threads, for real, in a network namespace. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAfPacket } from '../../src/capture/af-packet.ts';
import {
  experimentalFrame,
  isNamespacePossible,
  makeNamespace,
  type NetworkNamespace,
  udpFrame,
} from './network-namespace.ts';

if (!isNamespacePossible)
  process.stderr.write('live capture tests skipped: they need Linux, root and ip\n');

let namespace: NetworkNamespace;
beforeAll(() => {
  if (isNamespacePossible) namespace = makeNamespace('live');
});
afterAll(() => {
  if (isNamespacePossible) namespace.remove();
});

interface Row {
  readonly src: number;
  readonly dst: number;
  readonly vlan: number;
}

interface Outcome {
  readonly rows: readonly Row[];
  readonly sequences: readonly number[];
  readonly stats: { frames: number; kernelDrops: number };
  readonly failure: string | null;
}

/** A process there that captures until its input ends; `send` and so on happen once it is open. */
async function capture(options: object, act: () => void | Promise<void>): Promise<Outcome> {
  const url = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);
  const script = `
    const { LiveBatches } = await import(${url('sensor/live-batches.ts')});
    const { decodeBatch } = await import(${url('stream/batch-codec.ts')});
    const stop = new AbortController();
    process.stdin.on('end', () => stop.abort()).resume();
    const [rows, sequences] = [[], []];
    let failure = null;
    const producer = new LiveBatches({
      interfaces: ['pn0'], flushMs: 100, ...${JSON.stringify(options)}, onOpen: () => console.log('open'),
    });
    await producer.run({ sensorId: 's', epoch: 'e', firstSequence: 7 }, async ({ sequence, bytes }) => {
      const { batch } = decodeBatch(bytes);
      sequences.push(sequence);
      for (let row = 0; row < batch.length; row++)
        rows.push({ src: batch.srcPort[row], dst: batch.dstPort[row], vlan: batch.vlan[row] });
    }, stop.signal).catch((error) => { failure = error.code + ' ' + error.message; });
    const outcome = JSON.stringify({ rows, sequences, stats: producer.stats, failure });
    process.stdout.write(outcome + '\\n', () => process.exit(0));`;
  const child = spawn('ip', [
    'netns',
    'exec',
    namespace.name,
    process.execPath,
    '--input-type=module',
    '-e',
    script,
  ]);
  return JSON.parse(await linesOf(child, act));
}

/** Ends its input when `act` is over and half a second has passed; the last line of what it said. */
async function linesOf(
  child: ChildProcessWithoutNullStreams,
  act: () => void | Promise<void>,
): Promise<string> {
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const closed = once(child, 'close');
  const lines = createInterface(child.stdout);
  let last = '';
  lines.on('line', (line) => {
    last = line;
  });
  await Promise.race([once(lines, 'line'), closed]);
  await act();
  await sleep(500);
  child.stdin.end();
  await closed;
  expect(complaints).toBe('');
  return last;
}

const FLOWS = 200;
/** Both directions of many conversations. */
const conversations = Array.from({ length: FLOWS }, (_, n) => [
  udpFrame('192.0.2.1', '198.51.100.9', 10_000 + n, 53),
  udpFrame('198.51.100.9', '192.0.2.1', 53, 10_000 + n),
]).flat();

describe.skipIf(!isNamespacePossible)('live capture', () => {
  it('sees every packet that was sent, once, with several workers', async () => {
    const rounds = 10;
    const { rows, sequences, stats } = await capture({ workers: 2 }, () => {
      for (let round = 0; round < rounds; round++) namespace.send(conversations);
    });
    expect(stats.frames + stats.kernelDrops).toBe(rounds * conversations.length);
    expect(rows.length).toBe(stats.frames);
    expect(sequences).toEqual(sequences.map((_, index) => 7 + index));
  });

  it('brings both directions of a flow to the same worker', async () => {
    const open = (group: number | 'new') =>
      namespace.inside(() => openAfPacket({ interfaces: ['pn0'], ringBytes: 2 << 20, group }));
    const first = open('new');
    const sources = [first, open(first.group ?? 'new')];
    for (const source of sources) source.begin();
    const rounds = 3;
    for (let round = 0; round < rounds; round++) namespace.send(conversations);
    const whole = new AbortController();
    let frames = 0;
    const stop = AbortSignal.any([whole.signal, AbortSignal.timeout(10_000)]);
    const flows = await Promise.all(
      sources.map(async (source) => {
        const seen = new Map<number, number>();
        await source.run(
          ({ view, start }) => {
            const flow = Math.max(view.getUint16(start + 34), view.getUint16(start + 36));
            seen.set(flow, (seen.get(flow) ?? 0) + 1);
            if (++frames === rounds * conversations.length) whole.abort();
          },
          { signal: stop },
        );
        return seen;
      }),
    );
    const counts = flows.map((seen) => seen.size);
    expect(Math.min(...counts)).toBeGreaterThan(FLOWS / 4);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(FLOWS);
    for (const seen of flows) expect(new Set(seen.values())).toEqual(new Set([2 * rounds]));
  });

  it('says of packets whose checksum is left to the card that it is', async () => {
    const source = namespace.inside(() => openAfPacket({ interfaces: ['lo', 'pn0'] }));
    source.begin();
    const udp = ['netns', 'exec', namespace.name, 'bash', '-c', 'echo x >/dev/udp/127.0.0.1/9'];
    spawnSync('ip', udp);
    namespace.send(conversations.slice(0, 1));
    const pending = new Map<string, boolean>();
    await source.run(
      (frame) => {
        // The first on each: an answer that the port is closed follows, whole.
        if (!pending.has(frame.interface)) pending.set(frame.interface, frame.checksumPending);
      },
      { signal: AbortSignal.timeout(800) },
    );
    expect(pending.get('lo')).toBe(true);
    expect(pending.get('pn0')).toBe(false);
  });

  it('counts what it had no room for, to the packet', async () => {
    const sent = 30_000;
    const { stats } = await capture({ ringBytes: 2 << 20 }, () => {
      const frames = Array.from({ length: 1000 }, (_, index) =>
        experimentalFrame(1400, index & 255),
      );
      for (let round = 0; round < sent / 1000; round++) namespace.send(frames);
    });
    expect(stats.frames + stats.kernelDrops).toBe(sent);
  });

  it('sums what several workers had no room for', async () => {
    const { stats } = await capture({ workers: 2, ringBytes: 2 << 20 }, () => {
      const many = conversations.map((frame) => {
        const long = new Uint8Array(1400);
        long.set(frame);
        return long;
      });
      for (let round = 0; round < 100; round++) namespace.send(many);
    });
    expect(stats.frames + stats.kernelDrops).toBe(100 * conversations.length);
  });

  it('leaves to the kernel what the filter does not want', async () => {
    const { rows, stats } = await capture({ expression: 'udp port 10003 or 10004' }, () =>
      namespace.send(conversations),
    );
    expect(rows.map(({ src, dst }) => [src, dst])).toEqual([
      [10_003, 53],
      [53, 10_003],
      [10_004, 53],
      [53, 10_004],
    ]);
    expect(stats).toMatchObject({ frames: 4, kernelDrops: 0 });
  });

  it('knows a VLAN whose tag the kernel has taken out', async () => {
    const tagged = (id: number) => {
      const plain = udpFrame('192.0.2.1', '198.51.100.9', id, 53);
      const frame = new Uint8Array(64);
      frame.set(plain.subarray(0, 12));
      frame.set([0x81, 0, id >> 8, id & 255], 12);
      frame.set(plain.subarray(12), 16);
      return frame;
    };
    const frames = [tagged(5), ...conversations.slice(0, 1), tagged(300)];
    const { rows } = await capture({ expression: 'vlan' }, () => namespace.send(frames));
    expect(rows.map(({ src, vlan }) => [src, vlan])).toEqual([
      [5, 5],
      [300, 300],
    ]);
    const one = await capture({ expression: 'vlan 300 and udp and src port 300' }, () =>
      namespace.send(frames),
    );
    expect(one.rows.map(({ vlan }) => vlan)).toEqual([300]);
  });

  it('goes on when its interface has been down, with several workers', async () => {
    const { rows, failure } = await capture({ workers: 2 }, async () => {
      namespace.ip('link set pn0 down');
      await sleep(300);
      namespace.ip('link set pn0 up');
      await sleep(300);
      namespace.send(conversations.slice(0, 10));
    });
    expect(failure).toBeNull();
    expect(rows).toHaveLength(10);
  });

  it('keeps what it has and says so when its interface is removed', async () => {
    namespace.ip('link add pn6 type veth peer name pn7');
    for (const device of ['pn6', 'pn7']) namespace.ip(`link set ${device} up`);
    const { failure } = await capture({ workers: 2, interfaces: ['pn6'] }, async () => {
      namespace.ip('link del pn6');
      await sleep(1000);
    });
    expect(failure).toBe('capture_unavailable The interface pn6 is gone');
  });

  it('says in one line that there is no such interface', async () => {
    const { failure } = await capture({ workers: 2, interfaces: ['nothere0'] }, () => {});
    expect(failure).toBe('capture_unavailable There is no interface nothere0');
  });
});

describe.skipIf(!isNamespacePossible)('phantomnet sensor', () => {
  const dir = mkdtempSync(join(tmpdir(), 'phantomnet-live-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ['as root', []],
    [
      'as a user who may capture',
      [
        '--reuid',
        '65534',
        '--regid',
        '65534',
        '--clear-groups',
        '--inh-caps',
        '+net_raw',
        '--ambient-caps',
        '+net_raw',
      ],
    ],
  ])(
    'has no rights left once it captures, %s',
    async (name, words) => {
      const server = createServer((_, response) => response.writeHead(401).end('{}'));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : 0;
      const spool = mkdtempSync(join(tmpdir(), 'phantomnet-live-spool-'));
      spawnSync('chown', [words.length > 0 ? '65534' : '0', spool]);
      const main = new URL('../../src/cli/main.ts', import.meta.url).pathname;
      const child = spawn('setpriv', [
        ...(words.length > 0 ? words : ['--no-new-privs']),
        process.execPath,
        main,
        ...['sensor', '--to', `http://127.0.0.1:${port}`, '--key', 'k', '--interface', 'lo'],
        ...['--workers', '2', '--filter', 'udp port 9', '--spool', spool],
        ...['--evidence', join(spool, 'evidence')],
      ]);
      try {
        let said = '';
        child.stderr.on('data', (chunk) => {
          said += chunk;
        });
        for (let wait = 0; wait < 150 && !said.includes('capturing on lo'); wait++)
          await sleep(100);
        expect(said, name).toContain('capturing on lo');
        const tasks = readdirSync(`/proc/${child.pid}/task`);
        expect(tasks.length).toBeGreaterThan(3);
        for (const task of tasks) {
          const status = readFileSync(`/proc/${child.pid}/task/${task}/status`, 'latin1');
          for (const set of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'])
            expect(status).toContain(`${set}:\t0000000000000000\n`);
          expect(status).toContain('NoNewPrivs:\t1\n');
        }
      } finally {
        child.kill('SIGINT');
        await once(child, 'exit');
        server.close();
        rmSync(spool, { recursive: true, force: true });
      }
    },
    60_000,
  );
});
