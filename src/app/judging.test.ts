import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { trafficBatch, windowRow } from '../../test/support/traffic.ts';
import { FEATURE_COUNT } from '../contract/features.ts';
import type { Judge } from '../core/engine/judge.ts';
import { decodeModels, encodeModels } from '../core/models/model-file.ts';
import { driftReferences } from '../workshop/model-drift.ts';
import { ModelRegistry, notedChampion } from '../workshop/registry.ts';
import { Judging } from './judging.ts';
import { SHIPPED_MODEL } from './package-paths.ts';

const log = pino({ level: 'silent' });
const OPTIONS = { configured: null, falseAlarmsPerDay: 1, log };
const shipped = decodeModels(readFileSync(SHIPPED_MODEL));
const PASSED = [
  { capture: 'a', champion: 0, challenger: 0, rows: 1, champion_rows: 0, challenger_rows: 0 },
];

/** Values around 0 in training, of every feature. */
const usual = Array.from({ length: 400 }, (_, row) =>
  Float64Array.from({ length: FEATURE_COUNT }, (__, at) => Math.sin(row * (at + 1))),
);
const twin = encodeModels(
  shipped.models.map((stored) => ({
    ...stored,
    seed: 1,
    references: stored.name === 'source-forest' ? driftReferences(stored.model, usual) : {},
  })),
);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-judging-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** `registry` is another's, as the command line has it beside a running platform. */
const withJudging = (
  work: (judging: Judging, registry: ModelRegistry) => Promise<void>,
  configured: string | null = null,
) =>
  withDatabase(async (db) => {
    const own = new ModelRegistry(db, folder);
    const judging = new Judging({ registry: own, configured, falseAlarmsPerDay: 1, log });
    await judging.refresh();
    await work(judging, new ModelRegistry(db, folder));
  });

async function promoteTwin(registry: ModelRegistry): Promise<string> {
  const { model } = await registry.add(twin, 'twin', 'ann');
  await registry.promote(model ?? '', PASSED, { against: null, by: 'ann' });
  return model ?? '';
}

describe('Judging', () => {
  it('begins with the model that ships, and takes over what another process has changed', () =>
    withJudging(async (judging, registry) => {
      const told: (string | undefined)[] = [];
      judging.onChange((judge: Judge | null) => told.push(judge?.hash));
      expect(judging.judge?.hash).toBe(shipped.hash);
      const hash = await promoteTwin(registry);
      await judging.refresh();
      await judging.refresh();
      expect(judging.judge?.hash).toBe(hash);
      await registry.rollback('ann');
      await judging.refresh();
      expect(told).toEqual([hash, shipped.hash]);
    }));

  it('leaves the one that judges in its place where the new one cannot', () =>
    withJudging(async (judging, registry) => {
      const hash = await promoteTwin(registry);
      writeFileSync(registry.pathOf(hash), 'damaged');
      await judging.refresh();
      expect(judging.judge?.hash).toBe(shipped.hash);
      expect(judging.reason).toMatch(/Cannot use the model file/);
      await registry.rollback('ann');
      await judging.refresh();
      expect(judging.reason).toBeNull();
    }));

  it('takes a champion whose file comes late, and says only once that it waits', () =>
    withDatabase(async (db) => {
      const said: string[] = [];
      const heard = pino({ level: 'warn' }, { write: (line) => said.push(JSON.parse(line).msg) });
      const registry = new ModelRegistry(db, folder);
      const judging = new Judging({ ...OPTIONS, registry, log: heard });
      await judging.refresh();
      const hash = await promoteTwin(registry);
      renameSync(registry.pathOf(hash), join(folder, 'elsewhere'));
      for (let i = 0; i < 3; i++) await judging.refresh();
      expect(judging.judge?.hash).toBe(shipped.hash);
      expect(said.filter((line) => line.startsWith('No model'))).toHaveLength(1);
      renameSync(join(folder, 'elsewhere'), registry.pathOf(hash));
      await judging.refresh();
      expect(judging.judge?.hash).toBe(hash);
      expect(judging.reason).toBeNull();
    }));

  it('judges by the model that ships where the files stayed behind, until they come', () =>
    withDatabase(async (db) => {
      const elsewhere = new ModelRegistry(db, join(folder, 'old'));
      const hash = await promoteTwin(elsewhere);
      const registry = new ModelRegistry(db, join(folder, 'new'));
      const judging = new Judging({ ...OPTIONS, registry });
      await judging.refresh();
      expect(judging.judge?.hash).toBe(shipped.hash);
      expect(judging.path).toBe(SHIPPED_MODEL);
      expect(judging.reason).toMatch(/there is no such file/);
      expect(notedChampion(join(folder, 'new'))).toBeNull();
      await registry.add(twin, 'twin', 'ann');
      await judging.refresh();
      expect(judging.judge?.hash).toBe(hash);
      expect(notedChampion(join(folder, 'new'))).toBe(registry.pathOf(hash));
    }));

  it('tries a challenger whose file comes late', () =>
    withDatabase(async (db) => {
      const registry = new ModelRegistry(db, folder);
      const judging = new Judging({ ...OPTIONS, registry });
      const { model } = await registry.add(twin, 'twin', 'ann');
      renameSync(registry.pathOf(model ?? ''), join(folder, 'elsewhere'));
      await judging.refresh();
      renameSync(join(folder, 'elsewhere'), registry.pathOf(model ?? ''));
      await judging.refresh();
      const verdict = { label: 'x', confidence: 1, threatScore: 0.1 };
      const windows = [windowRow({ scope: 'source', size: 5, verdict })];
      judging.observe({ ...trafficBatch({ packets: 0, startMicros: 0 }), windows });
      await judging.save();
      expect((await registry.shadowOf(model ?? ''))?.sources.rows).toBe(1);
    }));

  it('judges by the file of the configuration, whoever is champion', () =>
    withJudging(async (judging, registry) => {
      await promoteTwin(registry);
      await judging.refresh();
      expect(judging.judge?.hash).toBe(shipped.hash);
    }, SHIPPED_MODEL));

  it('names the one feature of live traffic that is not as in training', () =>
    withJudging(async (judging, registry) => {
      const hash = await promoteTwin(registry);
      await judging.refresh();
      const windows = usual.map((values, row) => {
        const moved = values.slice();
        moved[7] = 2 + row / 100;
        return windowRow({ scope: 'source', size: 5, values: moved });
      });
      judging.observe({ ...trafficBatch({ packets: 0, startMicros: 0 }), windows });
      await judging.save();
      const drift = await registry.driftOf(hash);
      const name = shipped.models[1]?.model.featureNames[7];
      expect(drift?.rows.filter(({ alarm, value }) => alarm && value !== 'score')).toEqual([
        expect.objectContaining({ model: 'source-forest', value: name, rows: 400 }),
      ]);
      expect(judging.driftAlarms).toBeGreaterThan(0);
    }));
});
