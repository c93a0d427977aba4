/** The commands `flows` and `windows` on a capture made here. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WINDOW_FEATURES } from '../contract/features.ts';
import type { WindowRecord } from '../contract/window.ts';
import { flows } from './flows.ts';
import { windows } from './windows.ts';

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-flows-'));
const whole = join(folder, 'whole.pcap');
const cut = join(folder, 'cut.pcap');

beforeAll(() => {
  const capture = pcap([
    [1000, ping(8, '0a000001', 'c0000202')],
    [1000.5, ping(0, 'c0000202', '0a000001')],
    [1031, ping(8, '0a000001', 'c0000203')],
  ]);
  writeFileSync(whole, capture);
  writeFileSync(cut, capture.subarray(0, capture.length - 5));
});

afterAll(() => rmSync(folder, { recursive: true }));

it('prints one JSON object per flow', async () => {
  const [first, second, ...rest] = await lines((out) => flows([whole], { json: true, out }));
  expect(JSON.parse(first ?? '')).toMatchObject({
    first_seen: 1000,
    last_seen: 1000.5,
    src_ip: '10.0.0.1',
    dest_ip: '192.0.2.2',
    protocol: 'ICMP',
    packet_count: 2,
    packet_per_sec: 4,
    byte_count_fwd: 42,
    conn_state: 'SF',
    duration: 0.5,
    country: null,
  });
  expect(JSON.parse(second ?? '')).toMatchObject({ dest_ip: '192.0.2.3', conn_state: 'S0' });
  expect(rest).toEqual([]);
});

it('prints a table with a head line', async () => {
  const [head, ...rows] = await lines((out) => flows([whole], { json: false, out }));
  expect(head).toMatch(/^first seen .* originator .* seconds$/);
  expect(rows[0]).toMatch(
    /^1970-01-01 00:16:40.000 +ICMP +10\.0\.0\.1:8 +192\.0\.2\.2:0 .* SF .* 0\.500$/,
  );
});

it('goes on with the files after a damaged one', async () => {
  const printed: string[] = [];
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed.push(...chunk.toString().trimEnd().split('\n'));
      done();
    },
  });
  await expect(flows([cut, whole], { json: true, out })).rejects.toMatchObject({
    code: 'capture_damaged',
    message: expect.stringContaining('cut.pcap'),
  });
  expect(printed).toHaveLength(1 + 2);
});

it('refuses a link type that it cannot decode', async () => {
  const strange = join(folder, 'strange.pcap');
  const bytes = Buffer.from(readFileSync(whole));
  bytes.writeUInt32LE(147, 20);
  writeFileSync(strange, bytes);
  await expect(lines((out) => flows([strange], { json: true, out }))).rejects.toMatchObject({
    code: 'input_invalid',
    message: 'Cannot decode link type 147: strange.pcap holds frames of it',
  });
});

it('prints the windows of the size asked for, with every feature', async () => {
  const text = await lines((out) => windows([whole], { size: 30, json: true, out }));
  const records = text.map((line) => JSON.parse(line) as WindowRecord);
  expect(records.filter(({ scope }) => scope === 'network')).toMatchObject([
    {
      window_size: 30,
      window_start: 990,
      window_end: 1020,
      entity: '*',
      icmp_count: 2,
      completeness: 1,
    },
    { window_size: 30, window_start: 1020, window_end: 1050, icmp_count: 1 },
  ]);
  for (const { name } of WINDOW_FEATURES) expect(records[0]).toHaveProperty(name);
});

it('prints what is readable of a damaged capture, then fails', async () => {
  const text: string[] = [];
  const run = flows([cut], { json: true, out: collector(text) });
  await expect(run).rejects.toMatchObject({ code: 'capture_damaged' });
  expect(text.join('').trimEnd().split('\n')).toHaveLength(1);
});

async function lines(run: (out: Writable) => Promise<void>): Promise<string[]> {
  const text: string[] = [];
  await run(collector(text));
  return text.join('').trimEnd().split('\n');
}

function collector(text: string[]): Writable {
  return new Writable({
    write: (chunk, _encoding, done) => {
      text.push(String(chunk));
      done();
    },
  });
}

function ping(type: number, src: string, dst: string): Buffer {
  const type8 = type.toString(16).padStart(2, '0');
  const ethernet = '020000000002020000000001' + '0800';
  const ip = `4500001c00000000400100 00${src}${dst}`.replace(' ', '');
  return Buffer.from(`${ethernet}${ip}${type8}00000000010001`, 'hex');
}

function pcap(frames: readonly (readonly [number, Buffer])[]): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_535, 16);
  head.writeUInt32LE(1, 20);
  const records = frames.flatMap(([seconds, bytes]) => {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(seconds), 0);
    record.writeUInt32LE(Math.round((seconds % 1) * 1e6), 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    return [record, bytes];
  });
  return Buffer.concat([head, ...records]);
}
