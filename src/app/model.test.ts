import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WINDOW_FEATURES } from '../contract/features.ts';
import { decodeModels, encodeModels } from '../core/models/model-file.ts';
import { loadJudge } from './model.ts';
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
