import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterAll, describe, expect, it } from 'vitest';
import { mountSmallDisk, whyNoMount } from '../../test/support/small-disk.ts';
import { DiskWatch } from './disk-watch.ts';

const root = mkdtempSync(join(tmpdir(), 'phantomnet-disks-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A look is good for a quarter of a second. */
const LOOK_MS = 300;

if (whyNoMount) it.skip(`full disks: ${whyNoMount}`, () => {});

describe.skipIf(whyNoMount)('a disk that fills up', () => {
  const folders = (database: string, evidence: string) => ({
    ...{ database, evidence, spool: join(root, 'not', 'there', 'yet'), analysis: root },
  });

  it('is said once, counted, in health while it lasts, and said when there is room again', async () => {
    const dir = join(root, 'evidence');
    const disk = await mountSmallDisk(dir, { bytes: 32 << 20 });
    const said: string[] = [];
    const log = {
      warn: (_: object, message: string) => said.push(message),
      info: (message: string) => said.push(message),
    };
    try {
      const watch = DiskWatch.ofDataDir(folders(root, dir), log as never);
      const registry = new Registry();
      watch.measure(registry);
      await watch.look();
      expect(watch.troubles()).toEqual([]);
      await disk.fill();
      await sleep(LOOK_MS);
      for (let times = 0; times < 3; times++) await watch.look();
      const trouble = `the disk of the evidence is full: ${dir} has less than the 16 MB that are kept free`;
      expect(watch.troubles()).toEqual([trouble]);
      const metrics = await registry.metrics();
      expect(metrics).toContain('phantomnet_disk_full_total{folder="evidence"} 1');
      expect(metrics).toContain('phantomnet_disk_full_total{folder="database"} 0');
      expect(metrics).toContain('phantomnet_disk_free_bytes{folder="evidence"} 0');
      expect(metrics).toMatch(/phantomnet_disk_free_bytes\{folder="spool"\} \d{6,}/);
      // That of the database has room.
      await watch.requireRoomForPackets();
      await disk.clear();
      await sleep(LOOK_MS);
      await watch.look();
      expect(watch.troubles()).toEqual([]);
      expect(said).toEqual([trouble, `There is room again for the evidence in ${dir}`]);
    } finally {
      disk.unmount();
    }
  });

  it("takes no packets while the database's has less than what PostgreSQL needs to go on", async () => {
    const dir = join(root, 'database');
    const disk = await mountSmallDisk(dir, { bytes: 128 << 20 });
    try {
      const log = { warn() {}, info() {} };
      const watch = DiskWatch.ofDataDir({ ...folders(dir, root) }, log);
      await watch.requireRoomForPackets();
      await disk.fill(60 << 20);
      await sleep(LOOK_MS);
      await expect(watch.requireRoomForPackets()).rejects.toMatchObject({
        code: 'database_unavailable',
        message: expect.stringContaining(dir),
      });
      expect(watch.refused).toBe(1);
      await disk.clear();
      await sleep(LOOK_MS);
      await watch.requireRoomForPackets();
    } finally {
      disk.unmount();
    }
  });
});
