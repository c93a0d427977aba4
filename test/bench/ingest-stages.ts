/**
 * Where a packet's way into the store spends its processor time: `node test/bench/ingest-stages.ts [RUNS = 3]`, Linux.
 *
 * The bench's capture is analysed once; then the same output is stored again and again with more and more of it. Each
 * line is the median over the runs, in turn; a stage of PostgreSQL is the difference between two lines. Prints JSON lines:
 * µs of processor time a packet of this process and of PostgreSQL, and bytes of write-ahead log a packet.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { loadJudge } from '../../src/app/model.ts';
import { cpuSecondsOf } from '../../src/bench/process-cpu.ts';
import { readBatches } from '../../src/bench/read-batches.ts';
import { type AnalysedBatch, PacketVerdicts } from '../../src/contract/analysis.ts';
import { Analysis } from '../../src/core/engine/analysis.ts';
import { encodeRows } from '../../src/store/columns.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { ingest } from '../../src/store/ingest.ts';
import { migrate } from '../../src/store/migrate.ts';
import { PACKET_TABLE } from '../../src/store/packet-table.ts';

const runs = Number(process.argv[2] ?? 3);
const folder = await mkdtemp(join(tmpdir(), 'phantomnet-probe-'));
const postgres = await startEmbedded({
  dataDir: join(folder, 'database'),
  log: { info() {}, warn() {} },
});
const db = await openDatabase({ connection: postgres.connection });
const batches = await readBatches();
const packets = batches.reduce((sum, { length }) => sum + length, 0);
const { judge } = loadJudge(null);
let analysed: AnalysedBatch[] = [];
let encoded: Buffer[] = [];

const NOTHING = { flows: [], windows: [], alerts: [], quiet: [], blocks: [] };
const stages: readonly (readonly [string, () => void | Promise<void>])[] = [
  ['analysis', analyse],
  ['encoding of packets', encode],
  ['COPY into a plain table', () => copyInto('bench_copy')],
  ['COPY into packets', () => copyInto('packets')],
  ['ingest: packets, roll-ups', () => store((batch) => ({ ...batch, ...NOTHING }))],
  ['and flows', () => store((batch) => ({ ...batch, ...NOTHING, flows: batch.flows }))],
  ['and windows', () => store((batch) => ({ ...batch, alerts: [], quiet: [] }))],
  ['and alerts, markings: all', () => store((batch) => batch)],
];

try {
  await migrate(db);
  analyse();
  await store((batch) => batch);
  await db.query('CREATE TABLE bench_copy (LIKE packets)');
  encoded = analysed.map(bytesOf);
  const rows: number[][][] = stages.map(() => []);
  for (let run = 0; run < runs; run++)
    for (const [at, [, work]] of stages.entries()) {
      await db.query('TRUNCATE bench_copy, packets, traffic_data, aggregated_features');
      rows[at]?.push(await measure(work));
    }
  const count = (of: (batch: AnalysedBatch) => number) =>
    analysed.reduce((sum, batch) => sum + of(batch), 0);
  print({
    packets,
    flows: count(({ flows }) => flows.length),
    windows: count(({ windows }) => windows.length),
    alerts: count(({ alerts }) => alerts.length),
    marked: db.counters.marked,
  });
  for (const [at, [stage]] of stages.entries()) {
    const [ours, theirs, wal] = [0, 1, 2].map((figure) =>
      median(rows[at]?.map((row) => row[figure] ?? 0) ?? []),
    );
    print({ stage, node_us: round(ours), postgres_us: round(theirs), wal_bytes: round(wal) });
  }
} finally {
  await db.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

function analyse(): void {
  const analysis = new Analysis({ sensorId: 'probe', judge });
  const epoch = randomUUID();
  analysed = batches.map((batch, sequence) => {
    const verdicts = new PacketVerdicts(batch.length);
    analysis.push(batch, verdicts);
    return { sensorId: 'probe', epoch, sequence, packets: batch, verdicts, ...analysis.take() };
  });
}

async function store(part: (batch: AnalysedBatch) => AnalysedBatch): Promise<void> {
  const epoch = randomUUID();
  for (const batch of analysed) await ingest(db, { ...part(batch), epoch });
}

async function copyInto(table: string): Promise<void> {
  for (const bytes of encoded)
    await db.transaction(async ({ client }) => {
      const stream = client.query(
        copyFrom(PACKET_TABLE.copySql.replace('COPY packets', `COPY ${table}`)),
      );
      stream.end(bytes);
      await finished(stream);
    });
}

function encode(): void {
  for (const batch of analysed) bytesOf(batch);
}

function bytesOf({ packets: batch, verdicts }: AnalysedBatch): Buffer {
  const encoder = db.encoders.take();
  const { out, addresses, communityIds } = encoder;
  const source = { batch, verdicts, sensorId: 'probe', addresses, communityIds, firstId: 0 };
  const pieces = encodeRows(out, PACKET_TABLE, [{ source, count: batch.length }]);
  const bytes = Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece)));
  db.encoders.giveBack(encoder);
  return bytes;
}

/** µs of this process, µs of PostgreSQL, bytes of its log, each a packet. */
async function measure(work: () => void | Promise<void>): Promise<number[]> {
  const [cpu, postgresCpu, wal] = [process.cpuUsage(), cpuSecondsOf([postgres.pid]), await lsn()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  const theirs = 1e6 * (cpuSecondsOf([postgres.pid]) - postgresCpu);
  return [user + system, theirs, (await lsn()) - wal].map((figure) => figure / packets);
}

async function lsn(): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(
    "SELECT pg_current_wal_insert_lsn() - '0/0' AS bytes",
  );
  return row?.bytes ?? 0;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function round(value = 0): number {
  return Math.round(100 * value) / 100;
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
