/**
 * `npm run faults`: does every fault some rounds long and writes the table in docs/faults.md.
 *
 *   npm run faults -- --rounds 20                        all of them
 *   npm run faults -- --rounds 5 --only "disk|killed"    those of which name or shape fits; the others' lines stay
 *   npm run faults -- --seed 7                           the moments of that run again
 */
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { whyNoNats } from '../../src/bench/nats-servers.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { migrate } from '../../src/store/migrate.ts';
import { whyNoMount } from '../support/small-disk.ts';
import { type Machines, startMachines } from './cluster.ts';
import { type RoundResult, runRound } from './fault-round.ts';
import { FAULTS, type Fault, isLong } from './faults.ts';
import { manyMachines, oneMachine } from './scene.ts';

const PAGE = 'docs/faults.md';
const BEGIN = '<!-- by npm run faults -->';
const END = '<!-- end -->';
const HEAD = [
  'fault',
  'where',
  'rounds',
  'batches',
  'packets captured',
  'stored',
  'counted as dropped',
  'twice',
  'windows equal',
  'alerts equal',
  'longest pause, s',
  'on',
];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
});
const rounds = Number(values.rounds);
const seed = Number(values.seed);
const only = new RegExp(values.only);
let failed = 0;

const lines = new Map(linesOf(readFileSync(PAGE, 'utf8')).map((line) => [keyOf(line), line]));
// One after the other, each after what it needs is up: the machine is small.
for (const [nodes, databases] of [
  [1, 1],
  [1, 2],
  [3, 1],
] as const) {
  const faults = FAULTS.filter(
    ({ name, shape }) =>
      shape.includes('three') === (nodes === 3) &&
      shape.includes('two') === (databases === 2) &&
      only.test(`${name}, ${shape}`),
  );
  if (faults.length === 0) continue;
  if (whyNoNats) throw new Error(whyNoNats);
  const machines = await startMachines(nodes, databases);
  try {
    for (const fault of faults) await measure(fault, machines);
  } finally {
    await machines.stop();
  }
}
process.exitCode = failed > 0 ? 1 : 0;

async function measure(fault: Fault, machines: Machines): Promise<void> {
  if (fault.ownDisk !== undefined && whyNoMount !== '') {
    process.stderr.write(`${fault.name}: left out: ${whyNoMount}\n`);
    return;
  }
  const results: RoundResult[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = (traffic: Parameters<typeof oneMachine>[0]) =>
      fault.shape === 'one machine'
        ? oneMachine(traffic, fault.ownDisk)
        : manyMachines(machines, traffic);
    const result = await runRound(fault, seed + round, start, (body) =>
      withEmptyDatabase(machines, body),
    );
    const { said, ...figures } = result;
    process.stderr.write(
      `${fault.name}, ${fault.shape}, seed ${seed + round}: ${JSON.stringify(figures)}\n${said}`,
    );
    const isExact = result.isAllEqual && result.stored === result.captured - result.dropped;
    if (!isExact || result.twice > 0) failed++;
    results.push(result);
  }
  const line = lineOf(fault, results);
  lines.set(keyOf(line), line);
  write();
}

function lineOf({ name, shape }: Fault, results: readonly RoundResult[]): string {
  const sum = (read: (result: RoundResult) => number) =>
    results.reduce((total, result) => total + read(result), 0).toLocaleString('en');
  const all = (read: (result: RoundResult) => boolean) => {
    const wrong = results.filter((result) => !read(result)).length;
    return wrong === 0 ? 'yes' : `**not in ${wrong}**`;
  };
  const longestMs = Math.max(...results.map(({ longestPauseMs }) => longestPauseMs));
  const isAway = name === 'the database is away for long' && isLong;
  return row([
    isAway ? 'the database is away for ten minutes' : name,
    shape,
    String(results.length),
    sum(({ batches }) => batches),
    sum(({ captured }) => captured),
    sum(({ stored }) => stored),
    sum(({ dropped }) => dropped),
    sum(({ twice }) => twice),
    all(({ areWindowsEqual }) => areWindowsEqual),
    all(({ areAlertsEqual }) => areAlertsEqual),
    (longestMs / 1000).toFixed(1),
    new Date().toISOString().slice(0, 10),
  ]);
}

function write(): void {
  const page = readFileSync(PAGE, 'utf8');
  const places = new Map(
    FAULTS.map(({ name, shape }, place) => [keyOf(row([name, shape])), place]),
  );
  const placeOf = (key: string) => places.get(key) ?? places.size;
  const sorted = [...lines].sort(([a], [b]) => placeOf(a) - placeOf(b)).map(([, line]) => line);
  const table = [row(HEAD), row(HEAD.map(() => '---')), ...sorted].join('\n');
  const begin = page.indexOf(BEGIN) + BEGIN.length;
  writeFileSync(PAGE, `${page.slice(0, begin)}\n${table}\n${page.slice(page.indexOf(END))}`);
}

/** The lines of the page's table, without its head. */
function linesOf(page: string): string[] {
  return page
    .slice(page.indexOf(BEGIN), page.indexOf(END))
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(2);
}

/** Fault and shape. */
function keyOf(line: string): string {
  return line.split('|').slice(1, 3).join('|');
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

async function withEmptyDatabase(
  { postgres }: Machines,
  body: (db: Database) => Promise<void>,
): Promise<void> {
  const { connection } = postgres;
  const database = `undisturbed_${randomUUID().replaceAll('-', '')}`;
  await administer(connection, `CREATE DATABASE ${database}`);
  const db = await openDatabase({ connection: { ...connection, database } });
  try {
    await migrate(db);
    await body(db);
  } finally {
    await db.close();
    await administer(connection, `DROP DATABASE ${database} WITH (FORCE)`);
  }
}

async function administer(connection: pg.PoolConfig, sql: string): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
