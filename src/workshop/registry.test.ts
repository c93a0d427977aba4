import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeModels } from '../core/models/model-file.ts';
import { trainRandomForest } from '../core/models/random-forest.ts';
import { makeData, xorRow } from '../core/models/training.suite.ts';
import { ModelRegistry } from './registry.ts';

let folder: string;
let registry: ModelRegistry;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-registry-'));
  registry = new ModelRegistry(join(folder, 'models'), () => new Date('2026-01-02T03:04:05Z'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A model file; another for each seed. */
function modelFile(seed: number): string {
  const model = trainRandomForest(makeData(60, 2, 2, seed, xorRow), { treeCount: 2, seed });
  const path = join(folder, `${seed}.model`);
  const stored = { name: 'm', model, catalogueHash: 'c', seed, parameters: {}, dataHashes: ['d'] };
  const rest = { metrics: {}, thresholds: {}, calibrations: {}, references: {} };
  writeFileSync(path, encodeModels([{ ...stored, ...rest }]));
  return path;
}

/** 1,000 rows of a benign capture, on which each raises so many alerts and calls so many rows attacks. */
const gate = (champion: number, challenger: number, champion_rows = 0, challenger_rows = 0) => [
  { capture: 'a.pcap', champion, challenger, rows: 1000, champion_rows, challenger_rows },
];

it('begins with the model that ships and no challenger', () => {
  expect([registry.championPath(), registry.challengerPath()]).toEqual([null, null]);
});

it('keeps what is added as the challenger, found by the beginning of its hash', () => {
  const hash = registry.add(modelFile(1));
  expect(registry.find(hash.slice(0, 8))).toBe(hash);
  expect(registry.challengerPath()).toBe(registry.pathOf(hash));
  expect(readFileSync(registry.pathOf(hash))).toEqual(readFileSync(modelFile(1)));
  expect(() => registry.find(hash.slice(0, 3))).toThrow(/no model/);
  expect(() => registry.find('0123456789')).toThrow(/no model/);
});

it('promotes where false alerts do not rise, and only there', () => {
  const hash = registry.add(modelFile(1));
  expect(() => registry.promote(hash, [...gate(3, 3), ...gate(0, 1)])).toThrow(
    expect.objectContaining({ code: 'conflict' }),
  );
  expect(registry.championPath()).toBeNull();
  registry.promote(hash, [...gate(3, 3), ...gate(4, 0)]);
  expect(registry.championPath()).toBe(registry.pathOf(hash));
  expect(registry.challengerPath()).toBeNull();
  expect(registry.state().history).toEqual([
    {
      at: '2026-01-02T03:04:05.000Z',
      action: 'promote',
      champion: hash,
      before: null,
      gate: [...gate(3, 3), ...gate(4, 0)],
    },
  ]);
});

it('promotes nothing that calls more benign rows attacks than one in a hundred and the champion do', () => {
  const hash = registry.add(modelFile(1));
  for (const [champion, challenger] of [
    [0, 11],
    [20, 21],
  ] as const)
    expect(() => registry.promote(hash, gate(0, 0, champion, challenger))).toThrow(
      new RegExp(`${challenger} of 1000 conversations and windows in a.pcap would be attacks`),
    );
  registry.promote(hash, [...gate(0, 0, 0, 10), ...gate(0, 0, 20, 20)]);
  expect(registry.championPath()).toBe(registry.pathOf(hash));
});

it('rolls back step by step, to the model that ships', () => {
  const [first, second] = [registry.add(modelFile(1)), registry.add(modelFile(2))];
  registry.promote(first, gate(0, 0));
  registry.promote(second, gate(0, 0));
  expect(registry.rollback()).toBe(first);
  expect(registry.challengerPath()).toBe(registry.pathOf(second));
  expect(registry.rollback()).toBeNull();
  expect(registry.championPath()).toBeNull();
  expect(() => registry.rollback()).toThrow(/nothing has been promoted/);
});

it('promotes again after a rollback', () => {
  const hash = registry.add(modelFile(1));
  registry.promote(hash, gate(0, 0));
  registry.rollback();
  registry.promote(hash, gate(0, 0));
  expect(registry.rollback()).toBeNull();
});

it('holds pinned captures to what they were', () => {
  expect(() => registry.pinned()).toThrow(/no benign capture is pinned/);
  const capture = join(folder, 'quiet.pcap');
  writeFileSync(capture, 'as it was');
  registry.pin([capture]);
  registry.pin([capture]);
  expect(registry.pinned()).toEqual([capture]);
  writeFileSync(capture, 'changed');
  expect(() => registry.pinned()).toThrow(/has changed since it was pinned/);
});

it('refuses what is no model, and a damaged registry', () => {
  writeFileSync(join(folder, 'no.model'), 'no');
  expect(() => registry.add(join(folder, 'no.model'))).toThrow(
    expect.objectContaining({ code: 'model_incompatible' }),
  );
  expect(() => registry.add(join(folder, 'absent'))).toThrow(/there is no such file/);
  registry.add(modelFile(1));
  writeFileSync(join(folder, 'models', 'registry.json'), '{"models":3}');
  expect(() => registry.state()).toThrow(/it is damaged/);
});
