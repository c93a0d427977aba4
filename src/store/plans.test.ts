/**
 * The plan of every query that a page, a chart or a kept endpoint makes, taken from the function that makes it,
 * over a store of 24 hours: which partitions it may read, and that it reads none of them from end to end.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../../test/support/traffic.ts';
import { attackHistory } from '../http/attack-history.ts';
import { listAlerts } from './alerts.ts';
import { encodeCursor } from './cursor.ts';
import type { Database } from './database.ts';
import { listFlows } from './flows.ts';
import { ingest } from './ingest.ts';
import { overview } from './overview.ts';
import { lastPackets, listPackets } from './packets.ts';
import { trafficStats } from './traffic-stats.ts';
import { latestWindows } from './windows.ts';

const HOURS = 24;
const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;
/** A midnight. */
const START = 1_699_920_000_000_000;
/** What is looked through first for an address, and a little; of 72,000 packets and 36,000 flows. */
const LAST_ROWS = 6000;
const TABLES = /^(packets|traffic_data|features_\d+s)_/;

interface Node {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Loops': number;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Node[];
}

let db: Database;
let finish: () => void = () => {};

beforeAll(async () => {
  // Until all tests are done.
  const isOver = new Promise<void>((resolve) => {
    finish = resolve;
  });
  await new Promise<void>((isReady, isWrong) => {
    withDatabase(async (database) => {
      db = database;
      await fill();
      isReady();
      await isOver;
    }).catch(isWrong);
  });
}, 120_000);

afterAll(() => finish());

async function fill(): Promise<void> {
  for (let sequence = 0; sequence < HOURS; sequence++) {
    const startMicros = START + sequence * HOUR;
    const batch = trafficBatch({
      packets: 3000,
      startMicros,
      gapMicros: 1_000_000,
      sequence,
      seed: sequence + 1,
    });
    batch.verdicts.attackKind.fill(sequence % 5, 0, 30);
    // A day of flows and windows with every hour: their partitions are days.
    const day = START + sequence * DAY;
    const flows = Array.from({ length: 1500 }, (_, index) =>
      flowRecord({
        id: sequence * 10_000 + index,
        lastSeenMicros: day + index * 1e6,
        srcIp: `10.1.${sequence}.${index % 250}`,
      }),
    );
    const windows = Array.from({ length: 1500 }, (_, index) =>
      windowRow({ startMicros: day + index * 5_000_000, entity: `10.1.0.${index % 250}` }),
    );
    const alerts = Array.from({ length: 100 }, (_, index) =>
      alertOf({
        id: `a${sequence}-${index}`,
        last_seen: startMicros / 1e6 + index,
        status: index % 2 ? 'open' : 'resolved',
        source_ip: `10.1.${sequence}.${index}`,
      }),
    );
    await ingest(db, { ...batch, flows, windows, alerts });
  }
  await db.query('ANALYZE');
}

/** Every statement that `ask` makes, with the leaves of its plan as it was executed. */
async function leavesOf(ask: (db: Database) => Promise<unknown>): Promise<Node[]> {
  const statements: { sql: string; values: readonly unknown[] }[] = [];
  await ask({
    ...db,
    query(sql, values = []) {
      statements.push({ sql, values });
      return db.query(sql, values);
    },
  });
  expect(statements.length).toBeGreaterThan(0);
  const leaves: Node[] = [];
  for (const { sql, values } of statements) {
    const [row] = await db.query<{ 'QUERY PLAN': { Plan: Node }[] }>(
      `EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`,
      values,
    );
    const walk = (node: Node) => {
      if (node['Relation Name'] && node['Actual Loops'] > 0) leaves.push(node);
      for (const part of node.Plans ?? []) walk(part);
    };
    for (const { Plan } of row?.['QUERY PLAN'] ?? []) walk(Plan);
  }
  return leaves;
}

const sourceOf = (hour: number) => `10.1.${hour}.7`;
const middle = { before: encodeCursor({ key: START + 12.5 * HOUR, tie: 0 }) };

/** Each with the most partitions of a table that it may read. */
const QUESTIONS: readonly [name: string, most: number, ask: (db: Database) => Promise<unknown>][] =
  [
    ['/analyze-traffic', 2, (on) => listPackets(on, { limit: 50 })],
    ['/api/last10', 2, (on) => listPackets(on, { limit: 10 })],
    ['/api/raw_packets/last/1000', 2, (on) => lastPackets(on, 1000)],
    ['/api/alltraffic, a page in the middle', 2, (on) => listPackets(on, { limit: 50, ...middle })],
    ['packets that are malicious', 3, (on) => listPackets(on, { limit: 50, malicious: true })],
    ['packets that are not', 2, (on) => listPackets(on, { limit: 50, malicious: false })],
    ['packets of an attack', 24, (on) => listPackets(on, { limit: 50, attack_type: 'ICMP_Flood' })],
    ['packets of a rare protocol', 4, (on) => listPackets(on, { limit: 50, protocol: 'ARP' })],
    [
      'packets of a protocol that is nowhere',
      24,
      (on) => listPackets(on, { limit: 50, protocol: 'ICMPv6' }),
    ],
    ['packets of a source', 16, (on) => listPackets(on, { limit: 50, src_ip: '198.51.100.20' })],
    [
      'packets of a source that never was',
      24,
      (on) => listPackets(on, { limit: 50, src_ip: '203.0.113.9' }),
    ],
    [
      'packets to a target that never was',
      24,
      (on) => listPackets(on, { limit: 50, dst_ip: '203.0.113.9' }),
    ],
    ['flows', 2, (on) => listFlows(on, { limit: 50 })],
    ['flows of a source of today', 24, (on) => listFlows(on, { limit: 50, src_ip: sourceOf(23) })],
    [
      'flows of a source that never was',
      24,
      (on) => listFlows(on, { limit: 50, src_ip: '203.0.113.9' }),
    ],
    ['/api/features', 2, (on) => latestWindows(on, { window_size: 5, limit: 100 })],
    [
      'windows of an entity',
      24,
      (on) => latestWindows(on, { window_size: 5, limit: 100, entity: '10.1.0.7' }),
    ],
    ['overview of an hour', 0, (on) => overview(on, 60)],
    ['overview of a day', 0, (on) => overview(on, 1440)],
    ['overview of a week', 0, (on) => overview(on, 10_080)],
    ['/traffic-stats', 0, (on) => trafficStats(on)],
    ['attacks over time', 0, (on) => attackHistory(on, 1440)],
    ['alerts', 0, (on) => listAlerts(on, { limit: 50 })],
    ['alerts that are open', 0, (on) => listAlerts(on, { limit: 50, status: 'open' })],
    ['alerts of a source', 0, (on) => listAlerts(on, { limit: 50, source_ip: sourceOf(3) })],
  ];

describe('the plan of', () => {
  it.each(QUESTIONS)(
    '%s opens at most %i partitions and reads none from end to end',
    async (name, most, ask) => {
      const leaves = await leavesOf(ask);
      const partitions = leaves.filter((leaf) => TABLES.test(leaf['Relation Name'] ?? ''));
      const opened = new Set(partitions.map((leaf) => leaf['Relation Name']));
      const defaults = [...opened].filter((name) => name?.endsWith('_default')).length;
      expect(opened.size - defaults).toBeLessThanOrEqual(most);
      const wholly = leaves.filter((leaf) => leaf['Node Type'] === 'Seq Scan');
      const readOf = (table: RegExp) =>
        wholly
          .filter((leaf) => table.test(leaf['Relation Name'] ?? ''))
          .reduce((sum, leaf) => sum + readRows(leaf), 0);
      expect(readOf(TABLES)).toBeLessThan(LAST_ROWS);
      // Charts add up all alerts of their span; lists of them must not.
      if (!name.startsWith('overview')) expect(readOf(/^detected_alerts$/)).toBe(0);
      // By whatever way it reads: not much more than it gives.
      const discarded = partitions.reduce(
        (sum, leaf) => sum + (leaf['Rows Removed by Filter'] ?? 0),
        0,
      );
      expect(discarded).toBeLessThan(LAST_ROWS);
    },
  );
});

function readRows(leaf: Node): number {
  return (leaf['Actual Rows'] + (leaf['Rows Removed by Filter'] ?? 0)) * leaf['Actual Loops'];
}
