import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { PACKET_COLUMNS, VERDICT_COLUMNS } from '../contract/packet-record.ts';
import type { Column } from './columns.ts';
import type { Database } from './database.ts';
import { FLOW_TABLE } from './flow-table.ts';
import { migrate } from './migrate.ts';
import { PACKET_TABLE } from './packet-table.ts';
import { WINDOW_TABLE } from './window-table.ts';

async function columnsOf(db: Database, table: string) {
  return db.query<{ name: string; sql: string }>(
    `SELECT a.attname AS name, t.typname AS sql FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
     WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [table],
  );
}

function listed(columns: readonly Column<never>[]) {
  return columns.map(({ name, sql }) => ({ name, sql }));
}

function byName(columns: readonly { name: string; sql: string }[]) {
  return [...columns].sort((a, b) => a.name.localeCompare(b.name));
}

it('the tables have exactly the columns that the encoders write, in their types', async () => {
  await withDatabase(async (db) => {
    for (const { name, columns } of [PACKET_TABLE, FLOW_TABLE, WINDOW_TABLE]) {
      expect(byName(await columnsOf(db, name))).toEqual(byName(listed(columns)));
    }
  });
});

it('raw_packets begins with the 33 columns of the contract and has the others beside them', async () => {
  await withDatabase(async (db) => {
    const contract = [...PACKET_COLUMNS, ...VERDICT_COLUMNS].map(({ name, sql }) => ({
      name,
      sql,
    }));
    const columns = await columnsOf(db, 'raw_packets');
    expect(columns.slice(0, 33)).toEqual(contract.slice(0, 33));
    expect(columns).toEqual(expect.arrayContaining(contract));
  });
});

it('packet_logs and traffic_stats have the names that older scripts use', async () => {
  await withDatabase(async (db) => {
    const names = async (table: string) => (await columnsOf(db, table)).map(({ name }) => name);
    expect(await names('packet_logs')).toEqual([
      'id',
      'timestamp',
      'src_ip',
      'dst_ip',
      'protocol',
      'length',
      'is_malicious',
      'threat_score',
      'attack_type',
      'threat_level',
      'decision',
      'country',
    ]);
    expect((await names('traffic_stats')).slice(0, 4)).toEqual([
      'id',
      'timestamp',
      'total_packets',
      'malicious_packets',
    ]);
  });
});

it('migrating again changes nothing, and a database of a newer version is refused', async () => {
  await withDatabase(async (db) => {
    expect(await migrate(db)).toEqual([]);
    await db.query("INSERT INTO schema_migrations (number, name) VALUES (999, 'of-tomorrow')");
    await expect(migrate(db)).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
