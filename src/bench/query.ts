/** How long pages and charts wait for a store of two million packets; `test/bench/query-probe.ts` asks one of ten million. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../store/database.ts';
import { startEmbedded } from '../store/embedded.ts';
import { migrate } from '../store/migrate.ts';
import { fillStore } from './filled-store.ts';
import type { Measure } from './measure.ts';
import { queryTimes } from './query-times.ts';

const PACKETS = 2_000_000;

/** The slowest page or chart; the others are said. */
export async function* benchQuery(say: (line: string) => void): AsyncGenerator<Measure> {
  const folder = await mkdtemp(join(tmpdir(), 'phantomnet-bench-'));
  const postgres = await startEmbedded({
    dataDir: join(folder, 'database'),
    log: { info() {}, warn() {} },
  });
  const db = await openDatabase({ connection: postgres.connection });
  try {
    await migrate(db);
    await fillStore(db, PACKETS, say);
    await db.query('ANALYZE');
    let worst = 0;
    for await (const { group, name, medianMs, p95Ms } of queryTimes(db)) {
      say(`${group}: ${name}: median ${medianMs.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms`);
      if (group === 'pages and charts') worst = Math.max(worst, p95Ms);
    }
    const absolute = { peer: null, peer_name: 'the slowest page or chart', ratio: null };
    yield { area: 'query', name: 'query.p95_ms', ours: worst, ...absolute, unit: 'ms' };
  } finally {
    await db.close();
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
