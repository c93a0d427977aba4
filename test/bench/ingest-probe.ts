/**
 * Committed packets a second into the embedded PostgreSQL, indexes and roll-ups included.
 *
 *   node test/bench/ingest-probe.ts [rows a batch = 5000] [batches = 100] [writers = 1]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRows } from '../../src/store/columns.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { ingest } from '../../src/store/ingest.ts';
import { migrate } from '../../src/store/migrate.ts';
import { PACKET_TABLE } from '../../src/store/packet-table.ts';
import { trafficBatch } from '../support/traffic.ts';

const [rows = 5000, batches = 100, writers = 1] = process.argv.slice(2).map(Number);
const DISTINCT = 8;
const START_MICROS = 1_700_000_000_000_000;

const folder = await mkdtemp(join(tmpdir(), 'phantomnet-probe-'));
const postgres = await startEmbedded({
  dataDir: join(folder, 'database'),
  log: { info() {}, warn() {} },
});
const db = await openDatabase({ connection: postgres.connection });
try {
  await migrate(db);
  const samples = Array.from({ length: DISTINCT }, (_, index) =>
    trafficBatch({ packets: rows, startMicros: START_MICROS + index * rows * 50, seed: index + 1 }),
  );
  await write('warm', 4);
  const began = performance.now();
  await Promise.all(
    Array.from({ length: writers }, (_, writer) => write(`writer-${writer}`, batches / writers)),
  );
  const seconds = (performance.now() - began) / 1000;
  const encodeSeconds = measureEncoder();
  process.stdout.write(
    `${JSON.stringify({
      rows,
      batches,
      writers,
      rows_per_s: Math.round((rows * batches) / seconds),
      encoder_rows_per_s: Math.round((rows * DISTINCT) / encodeSeconds),
      node_rss_mb: Math.round(process.memoryUsage.rss() / 2 ** 20),
    })}\n`,
  );

  async function write(sensorId: string, count: number): Promise<void> {
    for (let sequence = 0; sequence < count; sequence++) {
      const sample = samples[sequence % DISTINCT];
      if (sample) await ingest(db, { ...sample, sensorId, sequence });
    }
  }

  function measureEncoder(): number {
    const { out, addresses, communityIds } = db.encoders.take();
    const start = performance.now();
    for (const { packets, verdicts } of samples) {
      const source = {
        batch: packets,
        verdicts,
        sensorId: 's',
        addresses,
        communityIds,
        firstId: 0,
      };
      Array.from(encodeRows(out, PACKET_TABLE, [{ source, count: packets.length }]));
    }
    return (performance.now() - start) / 1000;
  }
} finally {
  await db.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
