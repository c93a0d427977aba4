import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openCapture } from '../../capture/open-capture.ts';
import { MAX_FLOWS } from '../../core/flows/flow-index.ts';
import type { WireFrame } from '../../core/wire/frame.ts';
import { EvidenceRing } from './evidence-ring.ts';
import { addressOf, feeding, frameOf, type MadePacket, madePacket } from './made-frames.suite.ts';
import type { PacketFilter } from './packet-filter.ts';
import { readEvidence } from './read-evidence.ts';
import { ringFolder } from './ring-folders.ts';

const MIB = 2 ** 20;
const ETHERNET_BYTES = 14;
const ANYTHING: PacketFilter = {
  ...{ fromMicros: 0, toMicros: Number.MAX_SAFE_INTEGER, protocol: null },
  ...{ srcIp: null, srcPort: null, dstIp: null, dstPort: null },
};
const root = mkdtempSync(join(tmpdir(), 'phantomnet-evidence-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newDir = () => join(root, String(folders++));

async function read(dir: string, filters: readonly PacketFilter[] = [ANYTHING], maxBytes = 1e9) {
  const capture = await readEvidence([{ dir, sensorId: 'lab', filters }], { maxBytes });
  const file = join(root, `read-${folders++}.pcapng`);
  const pieces: Uint8Array[] = [];
  for await (const piece of capture.chunks('a test')) pieces.push(piece);
  await capture.close();
  writeFileSync(file, Buffer.concat(pieces));
  const packets: { tsMicros: number; hex: string; wireLength: number; interface: string }[] = [];
  await (await openCapture(file)).run(({ bytes, start, end, ...frame }) => {
    const hex = Buffer.from(bytes.subarray(start, end)).toString('hex');
    const { tsMicros, wireLength } = frame;
    packets.push({ tsMicros, hex, wireLength, interface: frame.interface });
  });
  expect(packets.length).toBe(capture.packets);
  return { packets, isCut: capture.isCut };
}

function bytesIn(dir: string): number {
  return readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}

const packet = (change: Partial<MadePacket> = {}): MadePacket => ({
  ...{ tsMicros: 1e15, src: 1, dst: 2, srcPort: 1000, dstPort: 80 },
  ...{ protocol: 'UDP', payload: 1000 },
  ...change,
});

/** One fragment between two tunnel ends, 10.0.0.8 and 10.0.0.9; `field` as in the header: flags and offset. */
function ipInIp(payload: Uint8Array, id: number, field: number, tsMicros: number): WireFrame {
  const bytes = new Uint8Array(ETHERNET_BYTES + 20 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(12, 0x0800);
  bytes.set([0x45, 0, 0, 0, 0, id, 0, 0, 64, 4, 0, 0, 10, 0, 0, 8, 10, 0, 0, 9], ETHERNET_BYTES);
  view.setUint16(16, 20 + payload.length);
  view.setUint16(20, field);
  bytes.set(payload, ETHERNET_BYTES + 20);
  return {
    ...{ view, bytes, start: 0, end: bytes.length, wireLength: bytes.length },
    ...{ tsMicros, linkType: 1, interface: 'eth0' },
  };
}

/** @param settleEach packets between two moments that let the disk work */
async function fill(ring: EvidenceRing, packets: Iterable<MadePacket>, settleEach = 100) {
  const feed = feeding(ring);
  let count = 0;
  for (const each of packets) {
    feed(frameOf(each));
    if (++count % settleEach === 0) await ring.settle();
  }
  await ring.settle();
}

function* numbered(count: number, from = 0): Generator<MadePacket> {
  for (let at = from; at < from + count; at++) yield packet({ tsMicros: 1e15 + at });
}

describe('the ring of evidence', () => {
  it('gives back exactly the packets of a conversation, in time order', async () => {
    const filter = fc.record({
      srcIp: fc.option(fc.integer({ min: 1, max: 4 }).map(addressOf)),
      dstIp: fc.option(fc.integer({ min: 1, max: 4 }).map(addressOf)),
      srcPort: fc.option(fc.integer({ min: 1, max: 3 })),
      dstPort: fc.option(fc.integer({ min: 1, max: 3 })),
      protocol: fc.option(fc.constantFrom('TCP', 'UDP')),
      fromMicros: fc.integer({ min: 1e15, max: 1e15 + 50 }),
      toMicros: fc.integer({ min: 1e15 + 50, max: 1e15 + 100 }),
    });
    const packets = fc.array(madePacket, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(packets, filter, fc.boolean(), async (packets, filter, isClosed) => {
        const dir = newDir();
        const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0), maxBytes: 4 * MIB });
        await fill(ring, packets, 20);
        if (isClosed) await ring.close();
        const wanted = packets
          .filter((each) => isWanted(each, filter))
          .map((each, at) => ({ at, ...each }))
          .sort((a, b) => a.tsMicros - b.tsMicros || a.at - b.at);
        const found = await read(dir, [filter]);
        expect(found.packets.map(({ tsMicros, hex }) => [tsMicros, hex])).toEqual(
          wanted.map((each) => [each.tsMicros, Buffer.from(frameOf(each).bytes).toString('hex')]),
        );
        await ring.close();
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['while its segment is written', false],
    ['of a complete segment', true],
  ])('gives back all fragments of a tunnel packet by what they carry, %s', async (_, isClosed) => {
    const dir = newDir();
    const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0) });
    const inner = frameOf(packet({ src: 3, dst: 4 }));
    const carried = inner.bytes.subarray(ETHERNET_BYTES);
    const feed = feeding(ring);
    feed(frameOf(packet({ tsMicros: 1e15 })));
    for (const [at, id] of [1, 2, 3].entries()) {
      feed(ipInIp(carried.subarray(0, 800), id, 0x2000, 1e15 + 10 * at + 1));
      feed(ipInIp(carried.subarray(800), id, 100, 1e15 + 10 * at + 2));
    }
    feed(ipInIp(carried.subarray(0, 800), 4, 0x2000, 1e15 + 90));
    await ring.settle();
    if (isClosed) await ring.close();
    const timesOf = async (filter: Partial<PacketFilter>) =>
      (await read(dir, [{ ...ANYTHING, ...filter }])).packets.map(
        ({ tsMicros }) => tsMicros - 1e15,
      );
    expect(await timesOf({ srcIp: addressOf(3) })).toEqual([1, 2, 11, 12, 21, 22]);
    // An alert refers to the packet that told: the one before comes along, though it is earlier.
    const isSecond = { fromMicros: 1e15 + 12, toMicros: 1e15 + 12 };
    expect(await timesOf({ srcIp: addressOf(3), ...isSecond })).toEqual([11, 12]);
    expect(await timesOf({ srcIp: addressOf(8) })).toEqual([1, 11, 21, 90]);
    await ring.close();
  });

  it('gives a packet once, however many requests want it', async () => {
    const dir = newDir();
    const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0) });
    await fill(ring, numbered(5));
    const filters = [ANYTHING, { ...ANYTHING, srcIp: addressOf(1) }];
    const requests = filters.map((filter) => ({ dir, sensorId: 'lab', filters: [filter] }));
    const capture = await readEvidence(requests, { maxBytes: 1e6 });
    expect(capture.packets).toBe(5);
    await capture.close();
    await ring.close();
  });

  it('lets no second one write into its folder, and takes over from a dead process', async () => {
    const folder = ringFolder(newDir(), 'lab', 0);
    const first = await EvidenceRing.open({ dir: folder });
    await expect(EvidenceRing.open({ dir: folder })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(join(folder, 'owner')),
    });
    await first.close();
    await (await EvidenceRing.open({ dir: folder })).close();
    // Its number lives, but is another process's now.
    writeFileSync(join(folder, 'owner'), `${process.ppid} 1\n`);
    await (await EvidenceRing.open({ dir: folder })).close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('makes its folder again where somebody removes it', async () => {
    const dir = newDir();
    const folder = ringFolder(dir, 'lab', 0);
    const said: string[] = [];
    const ring = await EvidenceRing.open({
      ...{ dir: folder, maxBytes: 4 * MIB },
      onTrouble: (message) => said.push(message),
    });
    await fill(ring, numbered(2000));
    rmSync(dir, { recursive: true });
    await fill(ring, numbered(2000, 2000));
    await ring.close();
    const times = (await read(dir)).packets.map(({ tsMicros }) => tsMicros);
    // What was written with the first look after the removal is lost, and counted.
    expect([times.length, times[0], times.at(-1)]).toEqual([1900, 1e15 + 2100, 1e15 + 3999]);
    expect(said).toEqual([expect.stringContaining('somebody removed')]);
    expect(ring.stats).toMatchObject({ dropped: 100, keptBytes: bytesIn(folder) });
  });

  it('never exceeds its budget and lets the oldest go first', async () => {
    const dir = newDir();
    const folder = ringFolder(dir, 'lab', 0);
    const ring = await EvidenceRing.open({ dir: folder, maxBytes: 4 * MIB });
    const feed = feeding(ring);
    let largest = 0;
    for (const each of numbered(12_000)) {
      feed(frameOf(each));
      if (each.tsMicros % 20 === 0) {
        const settling = ring.settle();
        largest = Math.max(largest, bytesIn(folder));
        await settling;
        largest = Math.max(largest, bytesIn(folder));
      }
    }
    await ring.close();
    expect(largest).toBeLessThanOrEqual(4 * MIB);
    expect(largest).toBeGreaterThan(3.5 * MIB);
    const { dropped, evictedSegments, keptBytes, oldestMicros, newestMicros } = ring.stats;
    expect(dropped).toBe(0);
    expect(evictedSegments).toBeGreaterThan(20);
    expect(keptBytes).toBe(bytesIn(folder));
    const { packets } = await read(dir);
    const times = packets.map(({ tsMicros }) => tsMicros);
    expect(times).toEqual(times.map((_, at) => 1e15 + 12_000 - times.length + at));
    expect([oldestMicros, newestMicros]).toEqual([times[0], times.at(-1)]);
    // The budget is for packets: the index of one conversation takes little.
    expect(times.length).toBeGreaterThan(3300);
  });

  it('goes on after a restart, and under a smaller budget', async () => {
    const dir = newDir();
    const folder = ringFolder(dir, 'lab', 0);
    const first = await EvidenceRing.open({ dir: folder, maxBytes: 8 * MIB });
    await fill(first, numbered(5000));
    await first.close();
    const second = await EvidenceRing.open({ dir: folder, maxBytes: 4 * MIB });
    expect(second.stats.keptBytes).toBeLessThanOrEqual(4 * MIB);
    expect(second.stats.newestMicros).toBe(1e15 + 4999);
    await fill(second, numbered(10, 5000));
    await second.close();
    const { packets } = await read(dir);
    const times = packets.map(({ tsMicros }) => tsMicros);
    expect(times).toEqual(times.map((_, at) => 1e15 + 5010 - times.length + at));
    expect(times.length).toBeGreaterThan(2500);
    expect(second.stats.oldestMicros).toBe(times[0]);
  });

  it('reads what a crash left, wherever the file ends, and goes on behind the last whole packet', async () => {
    const source = newDir();
    const folder = ringFolder(source, 'lab', 0);
    const ring = await EvidenceRing.open({ dir: folder });
    await fill(
      ring,
      [...numbered(3)].map((each) => ({ ...each, payload: 3 })),
    );
    const path = join(folder, '0000000000.pcapng');
    // As a crash: the ring is never closed, the file ends anywhere.
    for (let size = statSync(path).size; size >= 0; size -= 3) {
      truncateSync(path, size);
      const before = (await read(source)).packets.length;
      const dir = newDir();
      const copy = ringFolder(dir, 'lab', 0);
      mkdirSync(copy, { recursive: true });
      copyFileSync(path, join(copy, '0000000000.pcapng'));
      writeFileSync(join(copy, '0000000000.index.part'), 'left over');
      const next = await EvidenceRing.open({ dir: copy, maxBytes: 4 * MIB });
      await fill(next, numbered(1, 3));
      await next.close();
      const times = (await read(dir)).packets.map(({ tsMicros }) => tsMicros - 1e15);
      expect(times).toEqual([...Array(before).keys(), 3]);
      expect(readdirSync(copy).some((name) => name.endsWith('.part'))).toBe(false);
    }
    await ring.close();
  });

  it('believes no index that does not fit: the segment is read whole', async () => {
    const dir = newDir();
    const folder = ringFolder(dir, 'lab', 0);
    const ring = await EvidenceRing.open({ dir: folder });
    await fill(ring, numbered(50));
    await ring.close();
    const index = join(folder, '0000000000.index');
    for (const bytes of ['', 'PNindex1', 'x'.repeat(5000)]) {
      writeFileSync(index, bytes);
      expect((await read(dir)).packets.length).toBe(50);
    }
  });

  it('finds every packet of more conversations than the index has room for', async () => {
    const dir = newDir();
    const folder = ringFolder(dir, 'lab', 0);
    const ring = await EvidenceRing.open({ dir: folder });
    const count = MAX_FLOWS + 2000;
    const flood = function* () {
      for (let at = 0; at < count; at++)
        yield packet({ src: 256 + at, srcPort: at & 0xffff, payload: 0, tsMicros: 1e15 + at });
    };
    await fill(ring, flood(), 5000);
    await ring.close();
    const late = {
      ...ANYTHING,
      srcIp: `10.${(256 + count - 1) >> 16}.${((256 + count - 1) >> 8) & 255}.${(256 + count - 1) & 255}`,
    };
    expect((await read(dir, [late])).packets.length).toBe(1);
    expect((await read(dir)).packets.length).toBe(count);
  });

  it('cuts packets to the snap length and keeps their length on the wire', async () => {
    const dir = newDir();
    const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0), snapBytes: 60 });
    await fill(ring, numbered(3));
    await ring.close();
    const { packets } = await read(dir);
    expect(packets.map(({ hex, wireLength }) => [hex.length / 2, wireLength])).toEqual(
      Array(3).fill([60, 1042]),
    );
  });

  it('says that an answer is cut, and keeps it within its bound', async () => {
    const dir = newDir();
    const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0) });
    await fill(ring, numbered(100));
    await ring.close();
    const cut = await read(dir, [ANYTHING], 10_800);
    expect([cut.isCut, cut.packets.length]).toEqual([true, 10]);
    expect((await read(dir)).isCut).toBe(false);
  });

  it('merges the rings of several workers by time', async () => {
    const dir = newDir();
    for (const worker of [0, 1, 2]) {
      const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', worker) });
      await fill(
        ring,
        [...numbered(30)].filter((_, at) => at % 3 === worker),
      );
      await ring.close();
    }
    const times = (await read(dir)).packets.map(({ tsMicros }) => tsMicros - 1e15);
    expect(times).toEqual([...Array(30).keys()]);
  });

  it('drops and counts what the disk has not taken in time, and what is kept stays readable', async () => {
    const dir = newDir();
    const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0) });
    const feed = feeding(ring);
    // Without a pause, so nothing can be written: both buffers fill up.
    for (const each of numbered(20_000)) feed(frameOf(each));
    await ring.close();
    const { packets, dropped } = ring.stats;
    expect(dropped).toBeGreaterThan(10_000);
    expect(packets + dropped).toBe(20_000);
    expect((await read(dir)).packets.length).toBe(packets);
  });

  it('tells interfaces and link types apart, and does not lose packets of too many', async () => {
    const dir = newDir();
    const ring = await EvidenceRing.open({ dir: ringFolder(dir, 'lab', 0) });
    const feed = feeding(ring);
    const names = [...Array(400).keys()].map((at) => `if${at}`);
    for (const name of names) {
      const frame = { ...frameOf(packet({ payload: 1 })), interface: name };
      feed(frame);
      feed({ ...frame, linkType: 101, start: 14 });
    }
    await ring.close();
    const { packets } = await read(dir);
    expect(packets.length).toBe(800);
    expect(packets.slice(0, 3).map((each) => each.interface)).toEqual(['if0', 'if0', 'if1']);
    expect(packets[0]?.hex.slice(28)).toBe(packets[1]?.hex);
  });

  it.skipIf(process.getuid?.() !== 0 || process.platform !== 'linux')(
    'survives a full disk: counts, says it once, and goes on when there is room',
    async () => {
      const dir = newDir();
      mkdirSync(dir);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', dir]);
      try {
        const troubles: string[] = [];
        const folder = ringFolder(dir, 'lab', 0);
        const ring = await EvidenceRing.open({
          ...{ dir: folder, maxBytes: 64 * MIB },
          onTrouble: (message) => troubles.push(message),
        });
        await fill(ring, numbered(5000));
        const full = ring.stats;
        expect(full.dropped).toBeGreaterThan(2000);
        expect(full.packets + full.dropped).toBe(5000);
        expect(troubles).toEqual([`Cannot keep packets in ${folder}: the disk is full`]);
        expect((await read(dir)).packets.length).toBe(full.packets);
        execFileSync('mount', ['-o', 'remount,size=16m', dir]);
        await fill(ring, numbered(100, 5000));
        await ring.close();
        expect(ring.stats.packets).toBe(full.packets + 100);
        expect((await read(dir)).packets.length).toBe(full.packets + 100);
      } finally {
        execFileSync('umount', [dir]);
      }
    },
  );
});

function isWanted(packet: MadePacket, filter: PacketFilter): boolean {
  const { tsMicros, src, dst, srcPort, dstPort, protocol } = packet;
  if (tsMicros < filter.fromMicros || tsMicros > filter.toMicros) return false;
  if (filter.protocol !== null && filter.protocol !== protocol) return false;
  const one = { ip: addressOf(src), port: srcPort };
  const other = { ip: addressOf(dst), port: dstPort };
  const goes = (from: typeof one, to: typeof one) =>
    (filter.srcIp ?? from.ip) === from.ip &&
    (filter.srcPort ?? from.port) === from.port &&
    (filter.dstIp ?? to.ip) === to.ip &&
    (filter.dstPort ?? to.port) === to.port;
  return goes(one, other) || goes(other, one);
}
