import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCapture } from '../capture/open-capture.ts';
import { EvidenceRing } from '../sensor/evidence/evidence-ring.ts';
import { feeding, frameOf } from '../sensor/evidence/made-frames.suite.ts';
import { ringFolder } from '../sensor/evidence/ring-folders.ts';
import { type EvidenceWords, evidence } from './evidence.ts';

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-evidence-cli-'));
const dir = join(folder, 'evidence');
const write = join(folder, 'out.pcapng');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Packet n is n seconds after this. */
const START_MICROS = Date.parse('2026-01-31T12:00:00Z') * 1000;
const PACKETS = [
  { src: 1, srcPort: 1000, dst: 2, dstPort: 80 },
  { src: 2, srcPort: 80, dst: 1, dstPort: 1000 },
  { src: 3, srcPort: 80, dst: 1, dstPort: 9 },
  { src: 3, srcPort: 7, dst: 4, dstPort: 9 },
];

beforeAll(async () => {
  for (const sensor of ['one', 'two']) {
    const ring = await EvidenceRing.open({ dir: ringFolder(dir, sensor, 0) });
    const feed = feeding(ring);
    for (const [at, packet] of PACKETS.entries())
      feed(frameOf({ ...packet, tsMicros: START_MICROS + at * 1e6, protocol: 'UDP', payload: at }));
    await ring.close();
  }
});

/** Which of `PACKETS` come, and what is said. */
async function ask(words: Partial<EvidenceWords>): Promise<[number[], string]> {
  let said = '';
  const err = new Writable({
    write(text, _encoding, done) {
      said += text;
      done();
    },
  });
  await evidence({ dir, sensor: 'one', maxBytes: 1e6, write, ...words }, err);
  const found: number[] = [];
  await (await openCapture(write)).run(({ tsMicros }) => {
    found.push((tsMicros - START_MICROS) / 1e6);
  });
  return [found, said];
}

describe('phantomnet evidence', () => {
  it.each([
    ['everything', {}, [0, 1, 2, 3]],
    ['a host, either way', { host: '10.0.0.1' }, [0, 1, 2]],
    ['a port, at either end', { port: 9 }, [2, 3]],
    ['a host and a port, at whichever end', { host: '10.0.0.1', port: 80 }, [0, 1, 2]],
    ['a host and its own port', { host: '10.0.0.3', port: 7 }, [3]],
    ['a protocol, however it is written', { protocol: 'udp' }, [0, 1, 2, 3]],
    ['from a time', { from: '2026-01-31T12:00:02Z' }, [2, 3]],
    ['to a time, itself included', { to: String(START_MICROS / 1e6 + 1) }, [0, 1]],
  ])('writes %s', async (_, words, wanted) => {
    expect(await ask(words)).toEqual([wanted, `${wanted.length} packets\n`]);
  });

  it('takes all sensors of the folder where none is named', async () => {
    const { sensor: _, ...all } = { sensor: 'one', host: '10.0.0.4' };
    const err = new Writable({ write: (_text, _encoding, done) => done() });
    await evidence({ dir, maxBytes: 1e6, write, ...all }, err);
    let packets = 0;
    await (await openCapture(write)).run(() => {
      packets++;
    });
    expect(packets).toBe(2);
  });

  it('says when there is more than it may write', async () => {
    expect(await ask({ maxBytes: 200 })).toEqual([
      [0, 1],
      '2 packets, the first of more: raise --max-bytes\n',
    ]);
  });

  it('says what is wrong with the words, or that there is nothing, and leaves no file', async () => {
    const target = join(folder, 'none.pcapng');
    for (const [words, message] of [
      [{ host: 'router' }, 'Cannot look for router: it is no IPv4 or IPv6 address'],
      [{ protocol: 'QUIC' }, 'Cannot look for QUIC: it is none of OTHER'],
      [{ from: 'noon' }, 'Cannot read the time noon'],
      [{ host: '10.0.0.9' }, `No such packet is kept in ${dir}`],
      [{ dir: folder, sensor: 'nobody' }, `No such packet is kept in ${folder}`],
    ] as const)
      await expect(ask({ ...words, write: target })).rejects.toThrow(message);
    const nowhere = { dir: join(folder, 'nowhere'), maxBytes: 1, write: target };
    await expect(evidence(nowhere, process.stderr)).rejects.toThrow('No packets are kept in');
    expect(readdirSync(folder)).not.toContain('none.pcapng');
    const bad = join(folder, 'no', 'such', 'folder.pcapng');
    await expect(ask({ write: bad })).rejects.toThrow(`Cannot write ${bad}: there is no such file`);
  });
});
