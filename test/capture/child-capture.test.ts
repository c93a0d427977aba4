/** Capture by dumpcap and tcpdump, for real, in a network namespace. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type ChildCaptureOptions,
  dropsIn,
  openChildCapture,
} from '../../src/capture/child-capture.ts';
import { openLiveSource } from '../../src/capture/live-source.ts';
import { sourceSuite } from '../../src/capture/source.suite.ts';
import type { Source } from '../../src/capture/source.ts';
import {
  experimentalFrame,
  isNamespacePossible,
  makeNamespace,
  type NetworkNamespace,
  udpFrame,
} from './network-namespace.ts';

const isInstalled = (program: string) => spawnSync(program, ['--version']).status === 0;
const PROGRAMS = (['tcpdump', 'dumpcap'] as const).filter(isInstalled);
const isPossible = isNamespacePossible && PROGRAMS.length > 0;
if (!isPossible || PROGRAMS.length < 2)
  process.stderr.write(
    'child capture tests skipped: they need Linux, root, ip, tcpdump and dumpcap\n',
  );

const FRAMES = [60, 1514, 61, 100].map((length, index) => experimentalFrame(length, index + 1));

let namespace: NetworkNamespace;
beforeAll(() => {
  if (isPossible) namespace = makeNamespace('child');
});
afterAll(() => {
  if (isPossible) namespace.remove();
});

function open(program: 'tcpdump' | 'dumpcap', options: Partial<ChildCaptureOptions> = {}) {
  return namespace.inside(() => openChildCapture(program, { interfaces: ['pn0'], ...options }));
}

for (const program of ['tcpdump', 'dumpcap'] as const) {
  sourceSuite(
    `a child process, ${program}`,
    async () => ({
      source: await open(program),
      frames: FRAMES,
      send: () => namespace.send(FRAMES),
    }),
    !isPossible || !PROGRAMS.includes(program),
  );
}

/** What comes of `frames`, as their lengths, until `count` are there or nothing comes for two seconds. */
async function capture(source: Source, frames: readonly Uint8Array[], count: number) {
  const stop = new AbortController();
  const seen: Uint8Array[] = [];
  let quiet = 0;
  await source.run(
    (frame) => {
      seen.push(frame.bytes.slice(frame.start, frame.end));
      quiet = 0;
    },
    {
      signal: stop.signal,
      onChunk() {
        if (quiet === 0 && seen.length === 0) namespace.send(frames);
        if (++quiet > 20 || seen.length >= count) stop.abort();
      },
    },
  );
  return seen;
}

describe.skipIf(!isPossible)('openChildCapture', () => {
  const wanted = udpFrame('192.0.2.1', '198.51.100.1', 4000, 53);
  const other = udpFrame('192.0.2.1', '198.51.100.1', 4000, 54);

  it.each(PROGRAMS)('passes the expression on to %s', async (program) => {
    const source = await open(program, { expression: 'udp port 53 or 99' });
    const seen = await capture(source, [other, wanted, other, wanted], 2);
    expect(seen).toEqual([wanted, wanted]);
  });

  it.each(PROGRAMS)('has %s leave out own traffic and nobody else’s', async (program) => {
    const own = { client: '192.0.2.1', server: '198.51.100.1', serverPort: 8000 };
    const tcp = (from: string, port: number) => {
      const frame = udpFrame(from, own.server, 4000, port);
      frame[23] = 6;
      return frame;
    };
    const kept = [tcp('192.0.2.2', 8000), tcp('192.0.2.1', 8001)];
    const source = await open(program, { exclude: [own], expression: 'tcp or arp' });
    expect(await capture(source, [tcp('192.0.2.1', 8000), ...kept], 2)).toEqual(kept);
  });

  it.each(PROGRAMS)('leaves no %s behind', async (program) => {
    const before = childrenNamed(program);
    const source = await open(program);
    expect(childrenNamed(program).length).toBe(before.length + 1);
    await capture(source, FRAMES, 4);
    expect(childrenNamed(program)).toEqual(before);
  });

  it.each(PROGRAMS)('says what %s complains of', async (program) => {
    await expect(open(program, { interfaces: ['nothere0'] })).rejects.toMatchObject({
      code: 'capture_unavailable',
      message: expect.stringMatching(new RegExp(`${program} does not capture: .*nothere0`)),
    });
  });

  it('says that a program has ended, and why', async () => {
    namespace.ip('link add pn4 type veth peer name pn5');
    namespace.ip('link set pn4 up');
    const source = await open('tcpdump', { interfaces: ['pn4'] });
    setTimeout(() => namespace.ip('link del pn4'), 200);
    await expect(source.run(() => {})).rejects.toMatchObject({
      code: 'capture_unavailable',
      message: expect.stringContaining('tcpdump has ended: '),
    });
  });

  it('is what a method of that name means', async () => {
    const capture = { interfaces: ['pn0'], method: 'tcpdump', expression: 'udp' } as const;
    const { source, group } = await namespace.inside(() => openLiveSource(capture));
    expect([source.name, group]).toEqual(['pn0', null]);
    await source.run(() => {}, { signal: AbortSignal.abort() });
    await expect(openLiveSource({ ...capture, expression: 'tcp[13] = 2' })).rejects.toMatchObject({
      code: 'usage',
    });
    await expect(openLiveSource(capture, { group: 'new' })).rejects.toThrow(
      'Only AF_PACKET shares',
    );
  });
});

describe('openChildCapture without the program', () => {
  it('says so', async () => {
    const path = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      await expect(
        openLiveSource({ interfaces: ['any'], method: 'dumpcap' }),
      ).rejects.toMatchObject({
        code: 'capture_unavailable',
        message: expect.stringMatching(
          /Cannot start dumpcap: .*ENOENT.*Install Wireshark's dumpcap, or tcpdump/,
        ),
      });
    } finally {
      process.env.PATH = path;
    }
  });
});

describe('dropsIn', () => {
  it.each([
    ['12 packets captured; 20 packets received by filter; 8 packets dropped by kernel', 8],
    ['1 packet captured; 1 packet received by filter; 1 packet dropped by kernel', 1],
    [
      "Packets received/dropped on interface 'lo': 4/3 (pcap:3/dumpcap:0/flushed:0/ps_ifdrop:0) (57.1%)",
      3,
    ],
    ["dropped on interface 'a': 4/3 (x); Packets received/dropped on interface 'b': 1/2 (y)", 5],
    ['it says nothing', 0],
  ])('reads %s', (text, drops) => {
    expect(dropsIn(text)).toBe(drops);
  });
});

function childrenNamed(program: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      const isMine =
        status.includes(`\nPPid:\t${process.pid}\n`) && !status.includes('\nState:\tZ');
      return isMine && status.startsWith(`Name:\t${program}\n`);
    } catch {
      return false;
    }
  });
}
