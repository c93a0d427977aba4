import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { WINDOW_FEATURES } from '../contract/features.ts';
import type { WindowRow } from '../contract/window.ts';
import { decodeModels, encodeModels } from '../core/models/model-file.ts';
import { AppError } from '../errors.ts';
import { ModelRegistry } from '../workshop/registry.ts';
import { SHIPPED_MODEL } from './package-paths.ts';
import { startShadow } from './shadow-run.ts';

const folder = mkdtempSync(join(tmpdir(), 'phantomnet-shadow-'));
const log = pino({ level: 'silent' });

/** A window of a source, judged by the champion. */
function windowOf(champion: number | null, scope: WindowRow['scope'] = 'source'): WindowRow {
  return {
    size: 5,
    startMicros: 0,
    scope,
    entity: '192.0.2.1',
    sensorId: 'a',
    completeness: 1,
    values: new Float64Array(WINDOW_FEATURES.length),
    verdict: champion === null ? null : { label: 'x', confidence: 1, threatScore: champion },
  };
}

/** The shipped models, every one of which now takes everything for an attack. */
beforeAll(() => {
  const { models } = decodeModels(readFileSync(SHIPPED_MODEL));
  const always = { malicious: { kind: 'platt', slope: 0, intercept: 6 } } as const;
  const alarmist = models.map((model) => ({ ...model, calibrations: always, references: {} }));
  writeFileSync(join(folder, 'alarmist.model'), encodeModels(alarmist));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the shadow', () => {
  it('counts what the challenger would have said, and keeps it in the registry', () =>
    withDatabase(async (db) => {
      const registry = new ModelRegistry(db, join(folder, 'models'));
      const bytes = readFileSync(join(folder, 'alarmist.model'));
      const { model: hash } = await registry.add(bytes, 'alarmist', 'ann');
      const shadow = startShadow({ registry, falseAlarmsPerDay: 1, log }, hash ?? '');
      const windows = [windowOf(0.1), windowOf(0.9), windowOf(null), windowOf(0.2, 'target')];
      shadow.observe({ flows: [], windows });
      expect(windows[0]?.verdict?.threatScore).toBe(0.1);
      await shadow.save();
      const note = await registry.shadowOf(hash ?? '');
      expect(note?.sources).toMatchObject({ rows: 2, both: 1, onlyChampion: 0, onlyChallenger: 1 });
      expect(note?.sources.distance).toBeCloseTo(0.9 + 0.1, 1);
      expect(note?.targets).toMatchObject({ rows: 1, onlyChallenger: 1 });
      expect(note?.flows.rows).toBe(0);
    }));

  it('adds up what several processes count, and one that sees nothing takes nothing away', () =>
    withDatabase(async (db) => {
      const registry = new ModelRegistry(db, join(folder, 'models'));
      const bytes = readFileSync(join(folder, 'alarmist.model'));
      const { model } = await registry.add(bytes, 'alarmist', 'ann');
      const hash = model ?? '';
      const start = () => startShadow({ registry, falseAlarmsPerDay: 1, log }, hash);
      const [first, second, idle] = [start(), start(), start()];
      first.observe({ flows: [], windows: [windowOf(0.1), windowOf(0.9)] });
      second.observe({ flows: [], windows: [windowOf(0.9)] });
      await Promise.all([first.save(), second.save(), idle.save()]);
      first.observe({ flows: [], windows: [windowOf(0.1, 'target')] });
      await first.save();
      await Promise.all([first.save(), idle.save()]);
      const note = await registry.shadowOf(hash);
      expect(note?.sources).toMatchObject({ rows: 3, both: 2, onlyChallenger: 1 });
      expect(note?.sources.distance).toBeCloseTo(0.9 + 0.1 + 0.1, 1);
      expect(note?.targets).toMatchObject({ rows: 1, onlyChallenger: 1 });
    }));

  it('counts from the start again beside another champion', () =>
    withDatabase(async (db) => {
      const registry = new ModelRegistry(db, join(folder, 'models'));
      const bytes = readFileSync(join(folder, 'alarmist.model'));
      const { model } = await registry.add(bytes, 'alarmist', 'ann');
      const hash = model ?? '';
      const shadow = startShadow({ registry, falseAlarmsPerDay: 1, log }, hash);
      shadow.observe({ flows: [], windows: [windowOf(0.1)] });
      await shadow.save();
      await registry.add(bytes, 'alarmist', 'ann');
      expect((await registry.shadowOf(hash))?.sources.rows).toBe(1);
      const counts = { champion_rows: 0, challenger_rows: 0 };
      const gate = [{ capture: 'a', champion: 0, challenger: 0, rows: 1, ...counts }];
      await registry.promote(hash, gate, { against: null, by: 'ann' });
      expect((await registry.shadowOf(hash))?.sources.rows).toBe(1);
      await registry.rollback('ann');
      expect(await registry.shadowOf(hash)).toBeNull();
    }));

  it('is none where the challenger cannot judge', () =>
    withDatabase(async (db) => {
      const registry = new ModelRegistry(db, join(folder, 'models'));
      writeFileSync(registry.pathOf('0'), 'damaged');
      expect(() => startShadow({ registry, falseAlarmsPerDay: 1, log }, '0')).toThrow(AppError);
    }));
});
