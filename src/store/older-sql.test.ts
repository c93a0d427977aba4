/** The four statements of the contract, as they stand there. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { trafficBatch } from '../../test/support/traffic.ts';
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import type { Database } from './database.ts';
import { ingest } from './ingest.ts';

const TOP_ATTACKERS =
  'SELECT src_ip, COUNT(*) AS attack_count FROM packet_logs WHERE is_malicious = TRUE GROUP BY src_ip ORDER BY attack_count DESC LIMIT 10;';
const HOURLY_TYPES =
  "SELECT date_trunc('hour', timestamp) AS hour, attack_type, COUNT(*) FROM packet_logs GROUP BY hour, attack_type ORDER BY hour DESC;";
const SMALL_TCP =
  "SELECT src_ip, COUNT(*) FROM packet_logs WHERE length < 64 AND protocol = 'TCP' GROUP BY src_ip HAVING COUNT(*) > 100;";
const DELETE_OLD = "DELETE FROM packet_logs WHERE timestamp < NOW() - INTERVAL '30 days';";

const DAY = 86_400_000_000;
const SYN_FLOOD = ALERT_KIND_NAMES.indexOf('SYN_Flood');

/** 300 packets now, of which 120 are small and of a flood from one source; 200 of 31 days ago. */
async function fill(db: Database): Promise<void> {
  const now = Math.floor(Date.now() / 3_600_000) * 3_600_000_000;
  const recent = trafficBatch({ packets: 300, startMicros: now });
  for (let row = 0; row < 120; row++) {
    recent.packets.ipVersion[row] = 4;
    recent.packets.src.set([0, 0, 0xffff, 0xc0000201], 4 * row);
    recent.packets.protocol[row] = 1;
    recent.packets.wireLength[row] = 54;
    recent.verdicts.attackKind[row] = SYN_FLOOD;
  }
  await ingest(db, recent);
  await ingest(db, trafficBatch({ packets: 200, startMicros: now - 31 * DAY, sequence: 1 }));
}

describe('packet_logs', () => {
  it('answers the statements of the older documents', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      expect(await db.query(TOP_ATTACKERS)).toEqual([{ src_ip: '192.0.2.1', attack_count: 120 }]);
      const hourly = await db.query(HOURLY_TYPES);
      expect(hourly).toHaveLength(3);
      expect(hourly).toContainEqual(
        expect.objectContaining({ attack_type: 'SYN_Flood', count: 120 }),
      );
      expect(hourly.at(-1)).toMatchObject({ attack_type: null, count: 200 });
      expect(await db.query(SMALL_TCP)).toEqual([{ src_ip: '192.0.2.1', count: 120 }]);
    });
  });

  it('deletes what is older than 30 days, and looks only there', async () => {
    await withDatabase(async (db) => {
      await fill(db);
      const plan = await db.query<{ 'QUERY PLAN': string }>(`EXPLAIN (ANALYZE) ${DELETE_OLD}`);
      const text = plan.map((row) => row['QUERY PLAN']).join('\n');
      expect(text).toMatch(/Subplans Removed: [1-9]/);
      expect(await db.query('SELECT count(*) AS count FROM raw_packets')).toEqual([{ count: 300 }]);
      const result = await db.pool.query(DELETE_OLD);
      expect(result.rowCount).toBe(0);
    });
  });
});

it('these are the statements of the contract', ({ skip }) => {
  let contract = '';
  try {
    contract = readFileSync('../shared/CONTRACT.md', 'utf8');
  } catch {
    skip('the contract is not beside the checkout');
  }
  for (const sql of [TOP_ATTACKERS, HOURLY_TYPES, SMALL_TCP, DELETE_OLD]) {
    expect(contract).toContain(sql);
  }
});
