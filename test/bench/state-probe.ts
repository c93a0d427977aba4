/**
 * What it costs to keep an analysis over a restart: `node test/bench/state-probe.ts [FLOWS]` opens so many TCP
 * connections of as many clients within 20 s and prints one JSON line: bytes of the state, in memory and on
 * disk, ms of processor time to save (the thread that counts packets waits so long) and to load, ms by the clock
 * to write (it does not wait) and to read.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, stdout, threadCpuUsage } from 'node:process';
import { readSnapshot, writeSnapshot } from '../../src/app/resume/snapshot-file.ts';
import { PacketBatch, Protocol } from '../../src/contract/packet-batch.ts';
import { Analysis } from '../../src/core/engine/analysis.ts';
import { StateReader } from '../../src/core/state/state-reader.ts';
import { StateWriter } from '../../src/core/state/state-writer.ts';

const ROUNDS = 5;
const START_MICROS = 1_700_000_000e6;
const MAPPED_PREFIX = 0xffff;
const SYN = 0x02;
const ACK = 0x10;

const flows = Number(argv[2] ?? 100_000);
const options = { sensorId: 'probe', judge: null };
const analysis = new Analysis(options);
const batch = new PacketBatch(4_096);
for (let client = 0; client < flows; client++) {
  const at = START_MICROS + Math.floor((client * 20e6) / flows);
  addSegment(client, at, true, SYN, 100, 0);
  addSegment(client, at + 10, false, SYN | ACK, 300, 101);
  addSegment(client, at + 20, true, ACK, 101, 301);
  if (batch.capacity - batch.length < 3) push();
}
push();

const folder = await mkdtemp(join(tmpdir(), 'phantomnet-state-'));
const path = join(folder, 'state');
const rounds: Record<string, number>[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const begin = cpuMs();
  const writer = new StateWriter();
  analysis.save(writer);
  const pieces = writer.pieces();
  const saved = cpuMs();
  const toWrite = performance.now();
  const diskBytes = await writeSnapshot(path, pieces);
  const written = performance.now();
  const bytes = await readSnapshot(path);
  const readMs = performance.now() - written;
  const read = cpuMs();
  new Analysis(options).load(new StateReader(bytes));
  rounds.push({
    flows,
    state_bytes: bytes.length,
    disk_bytes: diskBytes,
    save_ms: saved - begin,
    write_ms: written - toWrite,
    read_ms: readMs,
    load_ms: cpuMs() - read,
  });
}
await rm(folder, { recursive: true });
const middle = [...rounds].sort((a, b) => (a.save_ms ?? 0) - (b.save_ms ?? 0))[ROUNDS >> 1];
stdout.write(
  `${JSON.stringify(middle, (_, value) => (typeof value === 'number' ? Math.round(value) : value))}\n`,
);

function cpuMs(): number {
  const { user, system } = threadCpuUsage();
  return (user + system) / 1000;
}

function push(): void {
  analysis.push(batch);
  analysis.take();
  batch.clear();
}

function addSegment(
  client: number,
  tsMicros: number,
  isForward: boolean,
  flags: number,
  seq: number,
  ack: number,
): void {
  const row = batch.addRow(tsMicros, 60);
  const [from, to] = isForward ? [batch.src, batch.dst] : [batch.dst, batch.src];
  batch.ipVersion[row] = 4;
  from.set([0, 0, MAPPED_PREFIX, 0x0b000000 + client], 4 * row);
  to.set([0, 0, MAPPED_PREFIX, 0x0a000000 + (client % 50)], 4 * row);
  batch.protocol[row] = Protocol.TCP;
  batch.ipProtocol[row] = 6;
  const [fromPort, toPort] = isForward
    ? [batch.srcPort, batch.dstPort]
    : [batch.dstPort, batch.srcPort];
  fromPort[row] = 1024 + (client % 60_000);
  toPort[row] = 443;
  batch.tcpFlags[row] = flags;
  batch.seq[row] = seq;
  batch.ack[row] = ack;
  batch.payloadBytes[row] = 0;
}
