/** The archive from end to end: the platform's own retention writes it, `phantomnet archive` reads it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ingest } from '../../src/store/ingest.ts';
import { applyRetention, DEFAULT_RETENTION } from '../../src/store/retention.ts';
import { withDatabase } from '../support/database.ts';
import { whyNotBuilt } from '../support/platform.ts';
import { runCommand } from '../support/run-command.ts';
import { flowRecord, trafficBatch } from '../support/traffic.ts';

const START = 1_699_963_200_000_000;

describe.skipIf(whyNotBuilt)(`phantomnet archive ${whyNotBuilt}`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'phantomnet-test-'));
  const archive = (words: string) => runCommand(['archive', ...words.split(' '), '--dir', dir]);

  beforeAll(async () => {
    await withDatabase(async (db) => {
      const flows = [flowRecord({ id: 1, lastSeenMicros: START, service: 'ssh' })];
      await ingest(db, { ...trafficBatch({ packets: 100, startMicros: START }), flows });
      const later = new Date(Date.now() + 15 * 86_400_000);
      await applyRetention(db, DEFAULT_RETENTION, later, { archive: dir });
    });
  }, 60_000);

  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('lists files with their spans', async () => {
    const { out, code } = await archive('list --json');
    expect(code).toBe(0);
    const files = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(files).toMatchObject([
      { tier: 'packets', rows: 100, from: '2023-11-14T12:00:00.000Z' },
      { tier: 'flows', rows: 1 },
    ]);
  });

  it('searches packets and flows', async () => {
    const packets = await archive('query --json --protocol UDP --limit 3');
    const rows = packets.out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ protocol: 'UDP', dns_query: true });
    expect(packets.err).toMatch(/^3 rows; opened 1 of 1 files, read \d+ bytes\n$/);
    const flows = await archive('query --flows --service ssh');
    expect(flows.out).toBe(
      '2023-11-14T12:00:00.000000Z 198.51.100.7 40000 > 10.0.0.1 443 TCP SF 10 packets 1000 bytes ssh\n',
    );
  });

  it('refuses what the rows do not have, and a missing archive', async () => {
    expect(await archive('query --service ssh')).toMatchObject({ code: 2 });
    expect(await archive('query --flows --malicious')).toMatchObject({ code: 2 });
    expect(await archive('query --from yesterday')).toMatchObject({ code: 2 });
    expect(await runCommand(['archive', 'list'])).toMatchObject({
      code: 2,
      err: 'phantomnet: There is no archive: set archive.dir or archive.s3, or give --dir\n',
    });
  });
});
