/**
 * Times of every kind of question to a store of ten million packets, and its bytes a row, as the tables of
 * docs/storage.md: `node test/bench/query-probe.ts [packets] [--write]`; with `--write` into the page. About five minutes.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillStore } from '../../src/bench/filled-store.ts';
import { type QueryTime, queryTimes } from '../../src/bench/query-times.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { migrate } from '../../src/store/migrate.ts';

const PAGE = 'docs/storage.md';
const BEGIN = '<!-- by test/bench/query-probe.ts --write -->';
const END = '<!-- end -->';

const wanted = Number(process.argv[2] ?? 10_000_000);
const folder = await mkdtemp(join(tmpdir(), 'phantomnet-probe-'));
const postgres = await startEmbedded({
  dataDir: join(folder, 'database'),
  log: { info() {}, warn() {} },
});
const db = await openDatabase({ connection: postgres.connection });
const say = (line: string) => process.stderr.write(`${line}\n`);
try {
  await migrate(db);
  const began = performance.now();
  const packets = await fillStore(db, wanted, say);
  const seconds = (performance.now() - began) / 1000;
  say(`filled in ${seconds.toFixed(0)} s`);
  await db.query('VACUUM (ANALYZE)');
  const sizes = await sizesOf(db);
  const times: QueryTime[] = [];
  for await (const time of queryTimes(db)) {
    times.push(time);
    say(`${time.name}: ${time.medianMs.toFixed(1)}, ${time.p95Ms.toFixed(1)} ms`);
  }
  const report = [heading(packets, seconds), ...tables(times), sizes].join('\n\n');
  process.stdout.write(`${report}\n`);
  if (process.argv.includes('--write')) await write(report);
} finally {
  await db.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

function heading(packets: number, seconds: number): string {
  const date = new Date().toISOString().slice(0, 10);
  return `${packets.toLocaleString('en')} packets over 24 hours and an eighth as many flows in the embedded PostgreSQL, ${date}, two cores shared with other work; warm, one question at a time. Stored by the ingest, with roll-ups and flows, at ${Math.round(packets / seconds).toLocaleString('en')} packets/s.`;
}

function tables(times: readonly QueryTime[]): string[] {
  return (['pages and charts', 'searches', 'forensics'] as const).map((group) => {
    const rows = times
      .filter((time) => time.group === group)
      .map(({ name, medianMs, p95Ms }) => `| ${name} | ${rounded(medianMs)} | ${rounded(p95Ms)} |`);
    return [`| ${group} | median ms | p95 ms |`, '| --- | --- | --- |', ...rows].join('\n');
  });
}

function rounded(ms: number): string {
  return ms >= 100 ? Math.round(ms).toLocaleString('en') : ms.toFixed(1);
}

/** Of the partitions of packets: the rows, and each index by the index of the parent that it belongs to. */
async function sizesOf(db: Database): Promise<string> {
  const rows = await db.query<{ name: string; bytes: number }>(
    `WITH parts AS (SELECT name::regclass AS part FROM store_partitions WHERE parent = 'packets')
     SELECT 'the rows' AS name, sum(pg_table_size(part)) AS bytes FROM parts
     UNION ALL
     SELECT parent.relname, sum(pg_relation_size(child.inhrelid)) FROM pg_inherits AS child
     JOIN pg_class AS parent ON parent.oid = child.inhparent
     WHERE parent.relname LIKE 'packets\\_%' AND parent.relkind = 'I' GROUP BY 1 ORDER BY 2 DESC`,
  );
  const [count] = await db.query<{ rows: number }>('SELECT count(*) AS rows FROM raw_packets');
  const perRow = (bytes: number) => (bytes / (count?.rows ?? 1)).toFixed(1);
  const all = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  return [
    '| bytes a packet | |',
    '| --- | --- |',
    ...rows.map(({ name, bytes }) => `| ${name} | ${perRow(bytes)} |`),
    `| all | **${perRow(all)}** |`,
  ].join('\n');
}

async function write(report: string): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for it`);
  await writeFile(PAGE, `${page.slice(0, begin + BEGIN.length)}\n${report}\n${page.slice(end)}`);
}
