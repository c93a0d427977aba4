/** The same capture into a server at different speeds: alerts and windows in the database are those of the offline analysis, to the byte. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadJudge } from '../../src/app/model.ts';
import { summarize } from '../../src/cli/analyze.ts';
import type { Alert } from '../../src/contract/alert.ts';
import type { AlertPage } from '../../src/contract/api.ts';
import { WINDOW_FEATURES } from '../../src/contract/features.ts';
import type { WindowRow } from '../../src/contract/window.ts';
import { Analysis } from '../../src/core/engine/analysis.ts';
import { replay } from '../../src/sensor/replay.ts';
import { startEmbedded } from '../../src/store/embedded.ts';
import { type RunningPlatform, startUp, whyNotBuilt } from '../support/platform.ts';
import { type Session, signIn } from '../support/session.ts';

const CAPTURE = 'demo/demo.pcap.zst';
/** Recorded seconds per second: the demo takes about five. */
const SPEEDS = { fast: 'max', paced: 75 } as const;

describe.skipIf(whyNotBuilt)(`a replay ${whyNotBuilt}`, () => {
  let platform: RunningPlatform;
  let session: Session;
  let folder: string;

  beforeAll(async () => {
    platform = await startUp(['--no-demo', '--no-capture', '--no-lures']);
    session = await signIn(platform.url, platform.password);
    folder = await mkdtemp(join(tmpdir(), 'phantomnet-replay-'));
  });

  afterAll(async () => {
    await platform?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('gives the same alerts and windows at any speed, and offline', async () => {
    const offline = await offlineResult('fast');
    expect(offline.alerts.length).toBeGreaterThan(20);
    for (const [sensorId, speed] of Object.entries(SPEEDS)) {
      const created = await session.send('POST', '/api/v1/keys', {
        name: sensorId,
        role: 'sensor',
      });
      const { secret } = (await created.json()) as { secret: string };
      await replay([CAPTURE], {
        url: platform.url,
        key: secret,
        sensorId,
        speed,
        spoolDir: join(folder, sensorId),
      });
      const { alerts } = await session.json<AlertPage>('/api/v1/alerts?limit=1000');
      const own = alerts.filter((alert) => alert.sensor_id === sensorId);
      expect(anonymous(own)).toEqual(anonymous(offline.alerts));
      expect(await storedWindows(platform, sensorId)).toEqual(offline.windows);
    }
  }, 120_000);
});

async function offlineResult(
  sensorId: string,
): Promise<{ alerts: readonly Alert[]; windows: string }> {
  const rows: WindowRow[] = [];
  const analysis = new Analysis({ sensorId, judge: loadJudge(null).judge });
  const { alerts } = await summarize(CAPTURE, analysis, ({ windows }) => rows.push(...windows));
  return {
    alerts,
    windows: digestOf(
      rows.map(({ size, startMicros, scope, entity, values }) => [
        size,
        startMicros / 1e6,
        scope,
        entity,
        ...values,
      ]),
    ),
  };
}

async function storedWindows({ dataDir }: RunningPlatform, sensorId: string): Promise<string> {
  const postgres = await startEmbedded({
    dataDir: join(dataDir, 'postgres'),
    log: { info() {}, warn() {} },
  });
  const client = new pg.Client(postgres.connection);
  await client.connect();
  const features = WINDOW_FEATURES.map(({ name }) => name).join(', ');
  const { rows } = await client.query({
    text: `SELECT window_size, extract(epoch FROM window_start)::float8, scope, entity, ${features} FROM aggregated_features WHERE sensor_id = $1`,
    values: [sensorId],
    rowMode: 'array',
  });
  await client.end();
  await postgres.stop();
  return digestOf(rows);
}

/** Whatever order the rows came in. */
function digestOf(rows: readonly unknown[][]): string {
  const lines = rows
    .map((row) =>
      JSON.stringify(row.map((cell) => (typeof cell === 'number' ? cell : String(cell)))),
    )
    .sort();
  return `${lines.length} rows ${createHash('sha256').update(lines.join('\n')).digest('hex')}`;
}

/** A flow's id is made of its sensor's, too. */
function withoutFlowId({ explained, ...model }: NonNullable<Alert['model']>) {
  const entity = explained?.row === 'flow' ? '' : explained?.entity;
  return { ...model, explained: { ...explained, entity } };
}

/** Without what names the sensor, and what only the database knows. */
function anonymous(alerts: readonly Alert[]): unknown[] {
  return alerts
    .map((alert) => {
      const own = { id: '', sensor_id: '', created_at: null, assignee: null, suppressed_by: null };
      const model = alert.model && withoutFlowId(alert.model);
      const packets = alert.packets.map((reference) => ({ ...reference, sensor_id: '' }));
      return { ...alert, ...own, model, packets };
    })
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}
