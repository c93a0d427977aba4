import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { interfaceBlock, sectionHeader, writePacketBlock } from '../capture/write-pcapng.ts';
import { PACKET_COLUMNS } from '../contract/packet-record.ts';
import { ascii, bytesOf, ipv4Frame, tcp, udp } from '../core/wire/hex-frame.suite.ts';
import { packets } from './packets.ts';

const ETHERNET = 1;
const REQUEST = ipv4Frame(
  6,
  tcp('18', ascii('GET /a HTTP/1.1\r\nHost: shop\r\n\r\n'), 'c738 0050'),
);
const QUERY = ipv4Frame(17, udp('1234 0100 0001 0000 0000 0000 01 61 00 0001 0001'));

it('prints one object per packet with every column, file after file', async () => {
  const path = capture(ETHERNET, [REQUEST, QUERY]);
  const lines = (await run([path, path], true)).map((line) => JSON.parse(line));
  expect(lines).toHaveLength(4);
  expect(Object.keys(lines[0])).toEqual(PACKET_COLUMNS.map(({ name }) => name));
  expect(lines[2]).toMatchObject({ http_path: '/a', interface: 'test.pcap', timestamp: 1.000002 });
});

it('prints a readable line per packet', async () => {
  expect(await run([capture(ETHERNET, [REQUEST, QUERY])], false)).toEqual([
    '1970-01-01T00:00:01.000Z 192.0.2.1:51000 > 198.51.100.2:80 TCP 85 B [PSH,ACK] GET shop/a',
    '1970-01-01T00:00:01.000Z 192.0.2.1:51000 > 198.51.100.2:53 UDP 61 B asks a',
  ]);
});

it('lets no control character of a packet reach the terminal', async () => {
  const hostile = ipv4Frame(6, tcp('18', ascii('GET /\x1b[2J\x9b HTTP/1.1\r\n\r\n')));
  expect((await run([capture(ETHERNET, [hostile])], false))[0]).toContain('GET /·[2J·');
});

it('prints a packet whose time is beyond any clock', async () => {
  const bytes = bytesOf(QUERY);
  const memory = { bytes: new Uint8Array(256), view: new DataView(new ArrayBuffer(0)) };
  memory.view = new DataView(memory.bytes.buffer);
  const frame = { bytes, start: 0, wireLength: bytes.length };
  const end = writePacketBlock(memory, 0, frame, 2 ** 60, 0, bytes.length);
  const path = join(mkdtempSync(join(tmpdir(), 'packets-')), 'test.pcapng');
  const description = interfaceBlock({ linkType: ETHERNET, name: '', snapBytes: 0 });
  writeFileSync(path, Buffer.concat([sectionHeader(), description, memory.bytes.subarray(0, end)]));
  expect(await run([path], false)).toEqual([
    '2255-06-05T23:47:34.000Z 192.0.2.1:51000 > 198.51.100.2:53 UDP 61 B asks a !bad_capture_time',
  ]);
});

it('waits for a slow reader', async () => {
  const path = capture(ETHERNET, new Array<string>(2000).fill(REQUEST));
  const out = new Collector({ highWaterMark: 16, isSlow: true });
  await packets([path], { json: true, out });
  out.end();
  expect(out.text.trimEnd().split('\n')).toHaveLength(2000);
});

it('refuses a link type that it cannot decode', async () => {
  await expect(run([capture(147, [REQUEST])], true)).rejects.toMatchObject({
    code: 'input_invalid',
    message: expect.stringContaining('Cannot decode link type 147'),
  });
});

it('prints what stands before the damage, then fails', async () => {
  const path = capture(ETHERNET, [REQUEST, QUERY], 10);
  const out = new Collector();
  await expect(packets([path], { json: true, out })).rejects.toMatchObject({
    code: 'capture_damaged',
  });
  expect(out.text.trimEnd().split('\n')).toHaveLength(1);
});

class Collector extends Writable {
  text = '';

  constructor({ isSlow = false, ...options }: { isSlow?: boolean; highWaterMark?: number } = {}) {
    super({
      ...options,
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        this.text += chunk;
        if (isSlow) setTimeout(done, 5);
        else done();
      },
    });
  }
}

async function run(files: string[], json: boolean): Promise<string[]> {
  const out = new Collector();
  await packets(files, { json, out });
  return out.text.trimEnd().split('\n');
}

/** A pcap file of the frames, 1 s and 2 µs after the epoch, without its last `cutBytes`. */
function capture(linkType: number, frames: string[], cutBytes = 0): string {
  const header = `d4c3b2a1 0200 0400 00000000 00000000 ffff0000 ${little32(linkType)}`;
  const records = frames.map((frame) => {
    const length = little32(bytesOf(frame).length);
    return `01000000 02000000 ${length} ${length} ${frame}`;
  });
  const bytes = bytesOf(header + records.join(''));
  const path = join(mkdtempSync(join(tmpdir(), 'packets-')), 'test.pcap');
  writeFileSync(path, bytes.subarray(0, bytes.length - cutBytes));
  return path;
}

function little32(value: number): string {
  const bytes = new Uint8Array(Uint32Array.of(value).buffer);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
