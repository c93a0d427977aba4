/**
 * Committed packets a second into the embedded PostgreSQL: analysed, with indexes, roll-ups, flows,
 * windows and alerts in one transaction per batch, of two sensors that each send a batch when the one before is
 * stored. Peers, in the same database: the bare COPY of the
 * same packets encoded before (the limit), and one INSERT a row (what the older system did).
 * By the clock, because the work is spread over two processes.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import { GroupCommit } from '../app/group-commit.ts';
import { loadJudge } from '../app/model.ts';
import { Pipeline } from '../app/pipeline.ts';
import { runWorker } from '../app/worker.ts';
import { PacketVerdicts } from '../contract/analysis.ts';
import type { PacketBatch } from '../contract/packet-batch.ts';
import { encodeRows } from '../store/columns.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { ingestTogether } from '../store/ingest.ts';
import { migrate } from '../store/migrate.ts';
import { PACKET_TABLE } from '../store/packet-table.ts';
import { BatchQueue } from '../stream/batch-queue.ts';
import { compare, type Measure } from './measure.ts';
import { readBatches } from './read-batches.ts';

const SINGLE_ROWS = 2_000;
const SENSORS = ['bench-a', 'bench-b'];

export async function* benchIngest(say: (line: string) => void): AsyncGenerator<Measure> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-bench-'));
  const batches = await readBatches();
  const rows = batches.reduce((sum, { length }) => sum + length, 0);
  say(`${rows} packets in ${batches.length} batches`);
  const postgres = await startEmbedded({
    dataDir: join(folder, 'database'),
    log: { info() {}, warn() {} },
  });
  const db = await openDatabase({ connection: postgres.connection });
  try {
    await migrate(db);
    const { judge } = loadJudge(null);
    const ours = async () => {
      const together = new GroupCommit((batches) => ingestTogether(db, batches));
      const pipeline = new Pipeline({
        analysis: { judge },
        store: (batch) => together.store(batch),
        onStored() {},
        onBlocks() {},
        onBug(error) {
          throw error;
        },
      });
      const queue = new BatchQueue();
      const working = runWorker(queue, (batch, place) => pipeline.ingest(batch, place));
      const epoch = randomUUID();
      const send = async (sensorId: string) => {
        for (const [sequence, batch] of batches.entries())
          await queue.push(batch, { sensorId, epoch, sequence });
      };
      const seconds = await clock(async () => {
        await Promise.all(SENSORS.map(send));
      });
      queue.close();
      await working;
      return (SENSORS.length * rows) / seconds;
    };
    await ours();
    const copies = encode(db, batches);
    await db.query('CREATE TABLE bench_copy (LIKE packets)');
    const unit = 'rows/s';
    yield await compare(
      { area: 'ingest', name: 'ingest.rows_vs_copy', unit, peerName: 'bare COPY BINARY, no index' },
      ours,
      async () => rows / (await clock(() => bareCopy(db, copies))),
    );
    yield await compare(
      { area: 'ingest', name: 'ingest.rows_vs_row_by_row', unit, peerName: 'one INSERT a row' },
      ours,
      async () => SINGLE_ROWS / (await clock(() => rowByRow(db))),
    );
  } finally {
    await db.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function encode(db: Database, batches: readonly PacketBatch[]): Buffer[] {
  const encoder = db.encoders.take();
  const { out, addresses, communityIds } = encoder;
  const copies = batches.map((batch) => {
    const verdicts = new PacketVerdicts(batch.length);
    const source = { batch, verdicts, sensorId: 'bench', addresses, communityIds, firstId: 0 };
    const pieces = encodeRows(out, PACKET_TABLE, [{ source, count: batch.length }]);
    return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece)));
  });
  db.encoders.giveBack(encoder);
  return copies;
}

async function bareCopy(db: Database, copies: readonly Buffer[]): Promise<void> {
  for (const bytes of copies)
    await db.transaction(async ({ client }) => {
      const stream = client.query(
        copyFrom(PACKET_TABLE.copySql.replace('COPY packets', 'COPY bench_copy')),
      );
      stream.end(bytes);
      await finished(stream);
    });
}

/** Into a table without an index: the difference is the way of writing alone. */
async function rowByRow(db: Database): Promise<void> {
  const columns = PACKET_TABLE.columns.map(({ name }) => `"${name}"`).join(', ');
  const rows = await db.query<Record<string, unknown>>(
    `SELECT ${columns} FROM bench_copy LIMIT ${SINGLE_ROWS}`,
  );
  const places = PACKET_TABLE.columns.map((_, at) => `$${at + 1}`).join(', ');
  for (const row of rows)
    await db.query(`INSERT INTO bench_copy (${columns}) VALUES (${places})`, Object.values(row));
}

async function clock(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
