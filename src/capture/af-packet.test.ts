/** Live capture for real: a pair of virtual interfaces in a network namespace made for the test. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AfPacketOptions, openAfPacket } from './af-packet.ts';
import { interfaceIndex } from './af-packet-socket.ts';
import { captureFilter } from './exclude-filter.ts';
import { sourceSuite } from './source.suite.ts';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const isPossible = isRoot && spawnSync('ip', ['-V']).status === 0;
if (!isPossible) process.stderr.write('live capture tests skipped: they need Linux, root and ip\n');

const namespace = `pncapture${process.pid}`;
const CLONE_NEWNET = 0x40000000;

/** Runs `act` with this thread inside the namespace. Sockets opened there stay there. */
function inside<T>(act: () => T): T {
  const setns = koffi.load(null).func('int setns(int, int)');
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const there = openSync(`/run/netns/${namespace}`, 'r');
  try {
    expect(setns(there, CLONE_NEWNET)).toBe(0);
    return act();
  } finally {
    expect(setns(home, CLONE_NEWNET)).toBe(0);
    closeSync(home);
    closeSync(there);
  }
}

function open(options: Partial<AfPacketOptions> = {}) {
  return inside(() => openAfPacket({ interfaces: ['pn0'], ...options }));
}

/** Sends raw frames out of the other end of the pair. */
function send(frames: readonly Uint8Array[]): void {
  const library = koffi.load(null);
  const write = library.func('int sendto(int, const void *, size_t, int, const void *, uint32_t)');
  const socket = library.func('int socket(int, int, int)');
  inside(() => {
    const fd = socket(17, 3, 0);
    const address = new Uint8Array(20);
    new Uint16Array(address.buffer, 0, 1).set([17]);
    new Int32Array(address.buffer, 4, 1).set([interfaceIndex('pn1')]);
    for (const frame of frames) {
      expect(write(fd, frame, frame.length, 0, address, address.length)).toBe(frame.length);
    }
    closeSync(fd);
  });
}

/** Ethernet of an experimental type, so that no protocol answers. */
function frameOf(length: number, fill: number): Uint8Array {
  const frame = new Uint8Array(length).fill(fill);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5]);
  return frame;
}

const FRAMES = [frameOf(60, 1), frameOf(1514, 2), frameOf(61, 3), frameOf(100, 4)];

beforeAll(() => {
  if (!isPossible) return;
  const ip = (command: string) => execFileSync('ip', command.split(' '));
  ip(`netns add ${namespace}`);
  // Without IPv6 nothing but the test speaks on the pair.
  const quiet = 'echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6';
  execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-c', quiet]);
  ip(`-n ${namespace} link add pn0 type veth peer name pn1`);
  ip(`-n ${namespace} link set pn0 up`);
  ip(`-n ${namespace} link set pn1 up`);
});

afterAll(() => {
  if (isPossible) execFileSync('ip', ['netns', 'delete', namespace]);
});

sourceSuite(
  'AF_PACKET ring on one interface',
  async () => ({ source: open(), frames: FRAMES, send: () => send(FRAMES) }),
  !isPossible,
);

sourceSuite(
  'AF_PACKET ring on two interfaces of three',
  async () => {
    const source = open({ interfaces: ['pn0', 'lo'] });
    return { source, frames: FRAMES, send: () => send(FRAMES) };
  },
  !isPossible,
);

describe.skipIf(!isPossible)('openAfPacket', () => {
  /** What the source delivers until `count` frames came or nothing more comes. */
  async function capture(
    source: ReturnType<typeof open>,
    traffic: () => void,
    count = Number.POSITIVE_INFINITY,
  ) {
    const stop = new AbortController();
    const seen: string[] = [];
    let idle = 0;
    await source.run(
      (frame) => {
        seen.push(Buffer.from(frame.bytes.subarray(frame.start, frame.end)).toString('hex'));
        expect(frame.interface).toBe('pn0');
        idle = 0;
      },
      {
        signal: stop.signal,
        onChunk() {
          if (idle === 0 && seen.length === 0) traffic();
          if (seen.length >= count || ++idle > 8) stop.abort();
        },
      },
    );
    return seen;
  }

  it('puts VLAN tags back that the kernel takes out', async () => {
    const tagged = new Uint8Array(64).fill(7);
    tagged.set(FRAMES[0]!.subarray(0, 12));
    tagged.set([0x81, 0x00, 0x60, 0x2a, 0x88, 0xb5], 12);
    const seen = await capture(open(), () => send([tagged]), 1);
    expect(seen).toEqual([Buffer.from(tagged).toString('hex')]);
  });

  it('sees what another host sends to another, in promiscuous mode', async () => {
    const seen = await capture(open({ promiscuous: true }), () => send(FRAMES), 4);
    expect(seen).toHaveLength(4);
    const details = execFileSync('ip', ['-n', namespace, '-d', 'link', 'show', 'pn0']).toString();
    expect(details).toContain('promiscuity 0');
  });

  it('counts what the kernel dropped because the ring was full', async () => {
    const source = open({ ringBytes: 2 << 20 });
    const sent = 4000;
    const many = Array.from({ length: sent }, (_, index) => frameOf(1500, index & 255));
    // All of it arrives before the first block is read.
    source.begin();
    send(many);
    const seen = await capture(source, () => {});
    expect(source.stats.kernelDrops).toBeGreaterThan(0);
    expect(seen.length + source.stats.kernelDrops).toBe(sent);
  });

  it('leaves out exactly the conversations it is told to, in both versions of IP', async () => {
    const filter = captureFilter({
      exclude: [
        { client: '192.0.2.1', server: '198.51.100.7', serverPort: 8000 },
        { client: '2001:db8::1', server: '2001:db8::ffff:1:2', serverPort: 8000 },
      ],
    });
    const kept = [
      ip4('192.0.2.2', '198.51.100.7', 40_000, 8000),
      ip4('192.0.2.1', '198.51.100.7', 8000, 40_000),
      ip4('192.0.2.1', '198.51.100.7', 40_000, 8001),
      ip6('20010db8000000000000000000000003', '20010db8000000000000ffff00010002', 40_000, 8000),
      FRAMES[0]!,
    ];
    const dropped = [
      ip4('192.0.2.1', '198.51.100.7', 40_000, 8000),
      ip4('198.51.100.7', '192.0.2.1', 8000, 40_000),
      ip6('20010db8000000000000000000000001', '20010db8000000000000ffff00010002', 40_000, 8000),
      ip6('20010db8000000000000ffff00010002', '20010db8000000000000000000000001', 8000, 40_000),
    ];
    const mixed = [kept[0]!, ...dropped, ...kept.slice(1)];
    const seen = await capture(open({ filter }), () => send(mixed), kept.length);
    expect(seen).toEqual(kept.map((frame) => Buffer.from(frame).toString('hex')));
    // And without the filter all of them come.
    expect(await capture(open(), () => send(mixed), mixed.length)).toHaveLength(mixed.length);
  });

  it('outlives its interface going down, and says when it is gone, without spinning', async () => {
    const ip = (command: string) => execFileSync('ip', ['-n', namespace, ...command.split(' ')]);
    ip('link add pn2 type veth peer name pn3');
    ip('link set pn2 up');
    const module = new URL('./af-packet.ts', import.meta.url).href;
    const script = `const { openAfPacket } = await import(${JSON.stringify(module)});
      const source = openAfPacket({ interfaces: ['pn2'] });
      let chunks = 0;
      console.log('open');
      try { await source.run(() => {}, { onChunk() { chunks++; } }); }
      catch (error) { console.log(error.code, error.message, chunks < 1000); }`;
    const command = [
      'netns',
      'exec',
      namespace,
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const child = spawn('ip', command);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const exit = once(child, 'exit');
    await once(child.stdout, 'data');
    ip('link set pn2 down');
    await sleep(300);
    expect(child.exitCode).toBeNull();
    ip('link del pn2');
    await exit;
    expect(output).toBe('open\ncapture_unavailable The interface pn2 is gone true\n');
  });

  it('says which interface is missing', () => {
    expect(() => open({ interfaces: ['nothere0'] })).toThrow('There is no interface nothere0');
  });

  it('says exactly what to grant to a user who may not capture', () => {
    const module = new URL('./af-packet.ts', import.meta.url).href;
    const script = `process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const { openAfPacket } = await import(${JSON.stringify(module)});
      try { openAfPacket({ interfaces: ['any'] }); } catch (error) { console.log(error.code, error.message); }`;
    // The module is loaded before the user changes: the checkout may be closed to others.
    const early = `await import(${JSON.stringify(module)}); ${script}`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', early]);
    expect(child.stdout.toString()).toContain('capture_unavailable Live capture is not permitted');
    expect(child.stdout.toString()).toContain(`setcap cap_net_raw+ep ${process.execPath}`);
  });
});

describe.skipIf(isRoot || process.platform !== 'linux')('without permission', () => {
  it('says exactly what to grant', () => {
    expect(() => openAfPacket({ interfaces: ['any'] })).toThrow('setcap cap_net_raw+ep');
  });
});

function ip4(from: string, to: string, fromPort: number, toPort: number): Uint8Array {
  const frame = frameOf(60, 0);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x0800);
  frame.set([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6], 14);
  frame.set(from.split('.').map(Number), 26);
  frame.set(to.split('.').map(Number), 30);
  view.setUint16(34, fromPort);
  view.setUint16(36, toPort);
  return frame;
}

function ip6(from: string, to: string, fromPort: number, toPort: number): Uint8Array {
  const frame = frameOf(74, 0);
  const view = new DataView(frame.buffer);
  view.setUint16(12, 0x86dd);
  frame.set([0x60, 0, 0, 0, 0, 20, 6, 64], 14);
  frame.set(Buffer.from(from, 'hex'), 22);
  frame.set(Buffer.from(to, 'hex'), 38);
  view.setUint16(54, fromPort);
  view.setUint16(56, toPort);
  return frame;
}
