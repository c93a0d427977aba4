import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { openCapture } from './open-capture.ts';
import {
  interfaceBlock,
  lossBlock,
  MAX_INTERFACE_BLOCK_BYTES,
  packetBlockBytes,
  sectionHeader,
  writePacketBlock,
} from './write-pcapng.ts';

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-pcapng-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Packet {
  readonly data: Uint8Array;
  readonly tsMicros: number;
  /** Bytes on the wire that were not captured. */
  readonly cut: number;
  readonly interfaceId: number;
}

/** A section with one interface per name and the packets in their order. */
function written(names: readonly string[], packets: readonly Packet[], snapBytes = 65_535) {
  const head = [sectionHeader(), ...names.map((name) => interfaceBlock({ ...ETHERNET, name }))];
  const room = packets.reduce((sum, { data }) => sum + packetBlockBytes(data.length), 0);
  // Not empty: what is reused must not show through.
  const bytes = new Uint8Array(room).fill(0xee);
  const memory = { bytes, view: new DataView(bytes.buffer) };
  let at = 0;
  for (const { data, tsMicros, cut, interfaceId } of packets) {
    const frame = { bytes: data, start: 0, wireLength: data.length + cut };
    const captured = Math.min(data.length, snapBytes);
    at = writePacketBlock(memory, at, frame, tsMicros, interfaceId, captured);
  }
  return Buffer.concat([...head, bytes.subarray(0, at)]);
}

const ETHERNET = { linkType: 1, snapBytes: 65_535 };

async function readBack(file: string) {
  const read: { data: number[]; tsMicros: number; wireLength: number; interface: string }[] = [];
  await (await openCapture(file)).run(({ bytes, start, end, tsMicros, wireLength, ...frame }) => {
    const data = [...bytes.subarray(start, end)];
    read.push({ data, tsMicros, wireLength, interface: frame.interface });
  });
  return read;
}

describe('pcapng that is written', () => {
  it('is what our reader reads', async () => {
    const name = fc.string({ minLength: 1, maxLength: 15, unit: 'grapheme-ascii' });
    const packet = fc.record({
      data: fc.uint8Array({ maxLength: 200 }),
      tsMicros: fc.integer({ min: 0, max: 4e15 }),
      cut: fc.integer({ min: 0, max: 1e6 }),
      interfaceId: fc.nat({ max: 2 }),
    });
    const names = fc.array(name, { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(names, fc.array(packet, { maxLength: 20 }), async (names, packets) => {
        const file = join(folder, 'round-trip.pcapng');
        writeFileSync(file, written(names, packets));
        expect(await readBack(file)).toEqual(
          packets.map(({ data, tsMicros, cut, interfaceId }) => ({
            data: [...data],
            tsMicros,
            wireLength: data.length + cut,
            interface: names[interfaceId],
          })),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the wire length of a packet that is cut', async () => {
    const file = join(folder, 'cut.pcapng');
    const data = new Uint8Array(101).fill(7);
    writeFileSync(file, written(['eth0'], [{ data, tsMicros: 5, cut: 0, interfaceId: 0 }], 33));
    const [packet] = await readBack(file);
    expect([packet?.data.length, packet?.wireLength]).toEqual([33, 101]);
  });

  it('bounds names and comments, however long, and puts 1970 for what was before', async () => {
    const long = interfaceBlock({ ...ETHERNET, name: 'é'.repeat(5000) });
    expect(long.length).toBeLessThanOrEqual(MAX_INTERFACE_BLOCK_BYTES);
    expect(sectionHeader('x'.repeat(1e6)).length).toBeLessThan(4200);
    const file = join(folder, 'before.pcapng');
    const data = Uint8Array.of(1, 2, 3);
    writeFileSync(
      file,
      written(['é'.repeat(5000)], [{ data, tsMicros: -5, cut: 0, interfaceId: 0 }]),
    );
    expect(await readBack(file)).toMatchObject([{ tsMicros: 0, interface: 'é'.repeat(127) }]);
  });

  it('tells of loss between packets to who asks, and keeps the packets for who does not', async () => {
    const file = join(folder, 'loss.pcapng');
    const data = Uint8Array.of(1, 2, 3);
    const packet = (tsMicros: number) => ({ data, tsMicros, cut: 0, interfaceId: 0 });
    const loss = {
      packets: 2 ** 40,
      fromMicros: 1_700_000_000_000_001,
      toMicros: 4_294_967_296_000_001,
    };
    const [early, late] = [written(['eth0'], [packet(1)]), written(['eth0'], [packet(2)])];
    writeFileSync(file, Buffer.concat([early, lossBlock(loss), late]));
    const seen: unknown[] = [];
    const onLoss = (told: unknown) => seen.push(told);
    await (await openCapture(file)).run(({ tsMicros }) => seen.push(tsMicros), { onLoss });
    expect(seen).toEqual([1, loss, 2]);
    expect((await readBack(file)).map(({ tsMicros }) => tsMicros)).toEqual([1, 2]);
    if (isInstalled('capinfos'))
      expect(run('capinfos', ['-M', file])).toMatch(/Number of packets: +2\n/);
  });

  it.skipIf(!isInstalled('capinfos') || !isInstalled('tshark'))('is what Wireshark reads', () => {
    const file = join(folder, 'wireshark.pcapng');
    const data = new Uint8Array(60).fill(9);
    const times = [1_700_000_000_000_001, 1_700_000_000_999_999, 4_294_967_296_000_001];
    writeFileSync(
      file,
      written(
        ['eth0', 'wlan0'],
        times.map((tsMicros, index) => ({ data, tsMicros, cut: 40, interfaceId: index % 2 })),
      ),
    );
    const about = run('capinfos', ['-M', file]);
    expect(about).toMatch(/File type: .*pcapng/);
    expect(about).toMatch(/Number of packets: +3\n/);
    const fields = ['frame.time_epoch', 'frame.cap_len', 'frame.len', 'frame.interface_name'];
    const rows = run('tshark', [
      ...['-r', file, '-T', 'fields'],
      ...fields.flatMap((field) => ['-e', field]),
    ]);
    expect(rows.trim().split('\n')).toEqual([
      '1700000000.000001000\t60\t100\teth0',
      '1700000000.999999000\t60\t100\twlan0',
      '4294967296.000001000\t60\t100\teth0',
    ]);
  });
});

function isInstalled(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
