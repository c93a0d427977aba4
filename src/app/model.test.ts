import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WINDOW_FEATURES } from '../contract/features.ts';
import type { WindowRow } from '../contract/window.ts';
import { MODEL_NAMES } from '../core/engine/judge.ts';
import { IsolationForest } from '../core/models/isolation-forest.ts';
import { decodeModels, encodeModels } from '../core/models/model-file.ts';
import { findJudge, loadJudge } from './model.ts';
import { SHIPPED_MODEL } from './package-paths.ts';

function write(bytes: Uint8Array): string {
  const path = join(mkdtempSync(join(tmpdir(), 'phantomnet-model-')), 'm.model');
  writeFileSync(path, bytes);
  return path;
}

const shipped = decodeModels(readFileSync(SHIPPED_MODEL));

describe('loadJudge', () => {
  it('takes the model that ships, which judges', () => {
    const { judge, reason } = loadJudge(null);
    expect(reason).toBeNull();
    const verdict = judge?.judgeVector(new Float64Array(WINDOW_FEATURES.length));
    expect(verdict?.label).toBe('Benign');
    expect((verdict?.confidence ?? 0) + (verdict?.threatScore ?? 0)).toBeCloseTo(1);
  });

  it('says that there is no file', () => {
    expect(loadJudge('/nowhere/m.model')).toMatchObject({
      judge: null,
      reason: expect.stringContaining('/nowhere/m.model'),
    });
  });

  it('says that a file is damaged', () => {
    const bytes = new Uint8Array(readFileSync(SHIPPED_MODEL));
    bytes[bytes.length >> 1]! ^= 1;
    expect(loadJudge(write(bytes))).toMatchObject({
      judge: null,
      reason: expect.stringContaining('damaged'),
    });
  });

  it('refuses a model of another feature catalogue', () => {
    const [first, ...others] = shipped.models;
    if (!first) throw new Error('There are no models');
    const path = write(encodeModels([{ ...first, catalogueHash: '0123456789abcdef' }, ...others]));
    expect(loadJudge(path)).toMatchObject({
      judge: null,
      reason: expect.stringContaining('0123456789abcdef'),
    });
  });

  it('refuses a file in which a model is missing', () => {
    const [first, ...others] = shipped.models;
    expect(loadJudge(write(encodeModels(others)))).toMatchObject({
      judge: null,
      reason: expect.stringContaining(first?.name ?? ''),
    });
  });
});

describe('what explains an alert', () => {
  const values = Float64Array.from(WINDOW_FEATURES, (_, at) => 1 + 997 * at);
  const window: WindowRow = {
    ...{ size: 5, startMicros: 1e15, scope: 'source', entity: '192.0.2.1', sensorId: 's' },
    ...{ completeness: 1, values, verdict: null },
  };

  it('is the whole vector, and adds up to the path lengths where only those know', () => {
    const why = loadJudge(null).judge?.explainWindow(window, 'Anomaly');
    const stored = shipped.models.find(({ name }) => name === MODEL_NAMES.isolation);
    if (!why || !(stored?.model instanceof IsolationForest)) throw new Error('No reasons');
    const { explained } = why.model;
    expect(explained).toMatchObject({ method: 'path_length', unit: 'log2_score', row: 'source' });
    expect(explained?.catalogue_hash).toBe(stored.catalogueHash);
    const sum = why.contributions.reduce((total, { contribution }) => total + contribution, 0);
    const output = Math.log2(stored.model.score(values));
    expect(sum + (explained?.baseline ?? 0)).toBeCloseTo(output, 9);
    const vector = new Map(why.contributions.map(({ feature, value }) => [feature, value]));
    expect(WINDOW_FEATURES.map(({ name }) => vector.get(name))).toEqual([...values]);
  });

  it('is a probability of the forest, exactly divided, where a forest knows the kind', () => {
    const why = loadJudge(null).judge?.explainWindow(window, 'Port_Scan');
    const [first, second] = why?.contributions ?? [];
    expect(why?.model.explained).toMatchObject({ method: 'tree_shap', unit: 'probability' });
    expect(why?.model.explained?.class_name).toBe('Port_Scan');
    expect(Math.abs(first?.contribution ?? 0)).toBeGreaterThanOrEqual(
      Math.abs(second?.contribution ?? 0),
    );
  });
});

describe('findJudge', () => {
  const config = { data_dir: '/nowhere', model: { path: null, false_alarms_per_day: 24 } };

  it('finds the model of an alert by its hash, and no other', () => {
    expect(findJudge(shipped.hash, config)?.hash).toBe(shipped.hash);
    expect(findJudge('ab'.repeat(32), config)).toBeNull();
    expect(findJudge('../../models/phantomnet', config)).toBeNull();
  });
});
