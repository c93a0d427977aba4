/** The server is killed again and again in the middle of a replay: the database holds what it holds without. */
import { randomInt } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import type { SensorList } from '../../src/contract/api.ts';
import { replay } from '../../src/sensor/replay.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { type Session, signIn, until } from '../support/session.ts';

const CAPTURE = 'demo/demo.pcap.zst';
const SENSOR = 'restarted';
/** At most; each comes when this many more of the demo's 39 batches are stored. */
const KILLS = 4;
const BATCHES_BETWEEN = 6;

/** Tables whose rows come of the packets; what differs from run to run is left out: times of writing, numbers given. */
const TABLES = {
  raw_packets: ['id'],
  traffic_data: [],
  aggregated_features: [],
  detected_alerts: ['created_at', 'number'],
  decisions: ['id', 'created_at', 'expires_at', 'number'],
  traffic_stats: ['id'],
  traffic_by_protocol: [],
  traffic_by_attack: [],
  sensors: ['last_seen'],
} as const;

describe.skipIf(whyNotBuilt)(`kill -9 ${whyNotBuilt}`, () => {
  it('in the middle of a replay leaves the same rows', async () => {
    const expected = await contentOf('', 0);
    expect(expected.detected_alerts).toMatch(/^[2-9]\d rows/);
    expect(expected.decisions).toMatch(/^[1-9]\d* rows/);
    // Every few batches a snapshot, so that a restart finds one and a journal.
    expect(await contentOf('resume: { snapshot_s: 0.5 }', KILLS)).toEqual(expected);
  }, 300_000);
});

/** Replays the demo into a platform of its own, killing it at random moments, and digests every table. */
async function contentOf(settings: string, kills: number): Promise<Record<string, string>> {
  const platform = await startUp(['--no-demo', '--no-capture', '--no-lures'], [], settings);
  const spoolDir = await mkdtemp(join(tmpdir(), 'phantomnet-restart-'));
  const moments: string[] = [];
  try {
    const session = await signIn(platform.url, platform.password);
    const created = await session.send('POST', '/api/v1/keys', { name: SENSOR, role: 'sensor' });
    const { secret: key } = (await created.json()) as { secret: string };
    const replaying = replay([CAPTURE], { url: platform.url, key, sensorId: SENSOR, spoolDir });
    for (let kill = 1; kill <= kills; kill++) {
      const stored = await until(
        60,
        () => batchesOf(session),
        (batches) => batches >= kill * BATCHES_BETWEEN,
      );
      const afterMs = randomInt(300);
      await sleep(afterMs);
      await platform.killAndRestart();
      moments.push(`${stored} batches and ${afterMs} ms`);
    }
    await replaying;
    expect(platform.said()).not.toContain('begins anew');
    return await digests(platform);
  } catch (error) {
    throw new Error(`Killed after ${moments.join(', ')}\n${platform.said()}`, { cause: error });
  } finally {
    await platform.stop();
    await rm(spoolDir, { recursive: true, force: true });
  }
}

async function batchesOf(session: Session): Promise<number> {
  const { sensors } = await session.json<SensorList>('/api/v1/sensors');
  return sensors.find(({ sensor_id }) => sensor_id === SENSOR)?.batches ?? 0;
}

async function digests({ dataDir }: RunningPlatform): Promise<Record<string, string>> {
  const postgres = await startEmbedded({
    dataDir: join(dataDir, 'postgres'),
    log: { info() {}, warn() {} },
  });
  const client = new pg.Client(postgres.connection);
  await client.connect();
  try {
    const found: Record<string, string> = {};
    for (const [table, without] of Object.entries(TABLES)) {
      const { rows: columns } = await client.query<{ column_name: string }>(
        'SELECT column_name FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position',
        [table],
      );
      const names = columns
        .map(({ column_name }) => column_name)
        .filter((name) => !(without as readonly string[]).includes(name));
      const { rows } = await client.query<{ digest: string }>(
        `SELECT count(*) || ' rows ' || CASE WHEN count(*) > 20 THEN md5(string_agg(row, E'\\n' ORDER BY row COLLATE "C"))
           ELSE string_agg(row, E'\\n' ORDER BY row COLLATE "C") END AS digest
         FROM (SELECT (t.*)::text AS row FROM (SELECT ${names.join(', ')} FROM ${table}) t) u`,
      );
      found[table] = rows[0]?.digest ?? '';
    }
    return found;
  } finally {
    await client.end();
    await postgres.stop();
  }
}
