import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { pcapFileHeader, pcapRecord } from '../capture/write-pcap.ts';
import type { GateResult } from '../contract/model.ts';
import { encodeModels } from '../core/models/model-file.ts';
import { trainRandomForest } from '../core/models/random-forest.ts';
import { makeData, xorRow } from '../core/models/training.suite.ts';
import { ETHERNET } from '../core/wire/link-layer.ts';
import { ModelRegistry, notedChampion } from './registry.ts';

const PACKET = pcapRecord({
  ...{ view: new DataView(new ArrayBuffer(60)), bytes: new Uint8Array(60), start: 0, end: 60 },
  ...{ wireLength: 60, tsMicros: 1_700_000_000_000_000, linkType: ETHERNET },
  ...{ interface: 'a', checksumPending: false },
});
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'phantomnet-registry-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const withRegistry = (work: (registry: ModelRegistry) => Promise<void>) =>
  withDatabase((db) => work(new ModelRegistry(db, join(folder, 'models'))));

/** A model file; another for each seed. */
function modelFile(seed: number): Uint8Array {
  const model = trainRandomForest(makeData(60, 2, 2, seed, xorRow), { treeCount: 2, seed });
  const stored = { name: 'm', model, catalogueHash: 'c', seed, parameters: {}, dataHashes: ['d'] };
  const rest = { metrics: {}, thresholds: {}, calibrations: {}, references: {} };
  return encodeModels([{ ...stored, ...rest }]);
}

async function add(registry: ModelRegistry, seed: number): Promise<string> {
  const { model } = await registry.add(modelFile(seed), `${seed}.model`, 'ann');
  return model ?? '';
}

/** 1,000 rows of a benign capture, on which each raises so many alerts and calls so many rows attacks. */
const gate = (champion: number, challenger: number, champion_rows = 0, challenger_rows = 0) => [
  { capture: 'a.pcap', champion, challenger, rows: 1000, champion_rows, challenger_rows },
];

async function promote(
  registry: ModelRegistry,
  hash: string,
  results: readonly GateResult[] = gate(0, 0),
) {
  const { champion: against } = await registry.seats();
  return registry.promote(hash, results, { against, by: 'ben' });
}

describe('the registry', () => {
  it('begins with the model that ships and no challenger', () =>
    withRegistry(async (registry) => {
      expect(await registry.seats()).toEqual({ champion: null, challenger: null });
      expect(await registry.models()).toEqual([]);
    }));

  it('keeps what is added as the challenger, with its lineage, found by the beginning of its hash', () =>
    withRegistry(async (registry) => {
      const hash = await add(registry, 1);
      expect(await registry.find(hash.slice(0, 8))).toBe(hash);
      expect(await registry.seats()).toEqual({ champion: null, challenger: hash });
      expect(readFileSync(registry.pathOf(hash))).toEqual(Buffer.from(modelFile(1)));
      expect(await registry.models()).toEqual([
        expect.objectContaining({
          hash,
          added_by: 'ann',
          origin: '1.model',
          cards: [
            expect.objectContaining({
              name: 'm',
              seed: 1,
              catalogue_hash: 'c',
              data_hashes: ['d'],
              trees: 2,
            }),
          ],
        }),
      ]);
      await expect(registry.find(hash.slice(0, 3))).rejects.toThrow(/no model/);
      await expect(registry.find('0123456789')).rejects.toThrow(/no model/);
    }));

  it('promotes where false alerts do not rise, and only there; what was refused is kept too', () =>
    withRegistry(async (registry) => {
      const hash = await add(registry, 1);
      const worse = [...gate(3, 3), ...gate(0, 1)];
      await expect(promote(registry, hash, worse)).rejects.toMatchObject({ code: 'conflict' });
      expect((await registry.seats()).champion).toBeNull();
      expect(notedChampion(join(folder, 'models'))).toBeNull();
      const better = [...gate(3, 3), ...gate(4, 0)];
      await promote(registry, hash, better);
      expect(await registry.seats()).toEqual({ champion: hash, challenger: null });
      expect(notedChampion(join(folder, 'models'))).toBe(registry.pathOf(hash));
      expect((await registry.history()).slice(1)).toEqual([
        expect.objectContaining({ action: 'refuse', model: hash, by: 'ben', gate: worse }),
        expect.objectContaining({ action: 'promote', model: hash, before: null, gate: better }),
      ]);
    }));

  it('promotes nothing that was tried on no capture, or beside another champion', () =>
    withRegistry(async (registry) => {
      const [first, second] = [await add(registry, 1), await add(registry, 2)];
      await expect(promote(registry, first, [])).rejects.toThrow(/no capture was tried/);
      await promote(registry, first);
      const stale = registry.promote(second, gate(0, 0), { against: null, by: 'ben' });
      await expect(stale).rejects.toThrow(/another champion since/);
    }));

  it('promotes nothing that calls more benign rows attacks than one in a hundred and the champion do', () =>
    withRegistry(async (registry) => {
      const hash = await add(registry, 1);
      for (const [champion, challenger] of [
        [0, 11],
        [20, 21],
      ] as const)
        await expect(promote(registry, hash, gate(0, 0, champion, challenger))).rejects.toThrow(
          new RegExp(`${challenger} of 1000 conversations and windows in a.pcap would be attacks`),
        );
      await promote(registry, hash, [...gate(0, 0, 0, 10), ...gate(0, 0, 20, 20)]);
      expect((await registry.seats()).champion).toBe(hash);
    }));

  it('rolls back step by step, to the model that ships', () =>
    withRegistry(async (registry) => {
      const [first, second] = [await add(registry, 1), await add(registry, 2)];
      await promote(registry, first);
      await promote(registry, second);
      expect(await registry.rollback('ann')).toMatchObject({ model: first, before: second });
      expect(await registry.seats()).toEqual({ champion: first, challenger: second });
      expect(await registry.rollback('ann')).toMatchObject({ model: null, by: 'ann' });
      expect(notedChampion(join(folder, 'models'))).toBeNull();
      await expect(registry.rollback('ann')).rejects.toThrow(/nothing has been promoted/);
    }));

  it('promotes again after a rollback', () =>
    withRegistry(async (registry) => {
      const hash = await add(registry, 1);
      await promote(registry, hash);
      await registry.rollback('ann');
      await promote(registry, hash);
      expect(await registry.rollback('ann')).toMatchObject({ model: null });
    }));

  it('tells the drift of several processes as one', () =>
    withDatabase(async (db) => {
      const [one, other] = [new ModelRegistry(db, folder), new ModelRegistry(db, folder)];
      const row = {
        model: 'm',
        value: 'score',
        population_stability: 0.1,
        rows: 300,
        alarm: false,
      };
      const far = { ...row, population_stability: 0.5, rows: 100, alarm: true };
      await Promise.all([one.noteDrift('h', [far]), other.noteDrift('h', [far])]);
      await one.noteDrift('h', [row]);
      expect((await other.driftOf('h'))?.rows).toEqual([
        { ...row, population_stability: expect.closeTo(0.2), rows: 400, alarm: true },
      ]);
      await db.query(
        `UPDATE model_drift SET rows = jsonb_set(rows, '{0,atMs}', '0') WHERE hash = 'h'`,
      );
      await other.noteDrift('h', [far]);
      expect((await one.driftOf('h'))?.rows).toEqual([far]);
    }));

  it('holds pinned captures to what they were', () =>
    withRegistry(async (registry) => {
      await expect(registry.pinned()).rejects.toThrow(/no benign capture is pinned/);
      const capture = join(folder, 'quiet.pcap');
      const header = pcapFileHeader(ETHERNET);
      writeFileSync(capture, header);
      await expect(registry.pin([capture])).rejects.toMatchObject({
        code: 'input_invalid',
        message: expect.stringContaining('no packet is in it'),
      });
      expect(await registry.pins()).toEqual([]);
      writeFileSync(capture, Buffer.concat([header, PACKET]));
      await registry.pin([capture]);
      await registry.pin([capture]);
      expect(await registry.pinned()).toEqual([capture]);
      writeFileSync(capture, 'changed');
      await expect(registry.pinned()).rejects.toThrow(/has changed since it was pinned/);
    }));

  it('lets go of a pin, also of a file that is gone, and of nothing that is none', () =>
    withRegistry(async (registry) => {
      const [kept, gone] = [join(folder, 'kept.pcap'), join(folder, 'gone.pcap')];
      for (const path of [kept, gone])
        writeFileSync(path, Buffer.concat([pcapFileHeader(ETHERNET), PACKET]));
      await registry.pin([kept, gone]);
      rmSync(gone);
      await expect(registry.pinned()).rejects.toMatchObject({
        code: 'input_invalid',
        message: expect.stringMatching(/gone.pcap is gone .*unpin/),
      });
      const other = registry.unpin([gone, join(folder, 'other.pcap')]);
      await expect(other).rejects.toMatchObject({ code: 'not_found' });
      expect(await registry.pins()).toHaveLength(2);
      await registry.unpin([gone]);
      expect(await registry.pinned()).toEqual([kept]);
    }));

  it('promotes nothing over a capture in which there was nothing to judge', () =>
    withRegistry(async (registry) => {
      const hash = await add(registry, 1);
      const empty = gate(0, 0).map((result) => ({ ...result, rows: 0 }));
      const promotion = promote(registry, hash, [...gate(0, 0), ...empty]);
      await expect(promotion).rejects.toThrow(/nothing to judge in a.pcap/);
      expect((await registry.seats()).champion).toBeNull();
    }));

  it('leaves no file of a model that it has no room for', () =>
    withDatabase(async (db) => {
      await db.query(
        `INSERT INTO models (hash, added_by, origin, byte_count, cards)
         SELECT 'm' || number, 'ann', 'x', 1, '[]' FROM generate_series(1, 200) AS number`,
      );
      const registry = new ModelRegistry(db, join(folder, 'models'));
      await expect(add(registry, 1)).rejects.toMatchObject({ code: 'conflict' });
      expect(existsSync(join(folder, 'models'))).toBe(false);
    }));

  it('refuses what is no model, and a damaged note', () =>
    withRegistry(async (registry) => {
      await expect(registry.add(Buffer.from('no'), 'no.model', 'ann')).rejects.toMatchObject({
        code: 'model_incompatible',
      });
      await promote(registry, await add(registry, 1));
      writeFileSync(join(folder, 'models', 'champion'), '../../elsewhere');
      expect(() => notedChampion(join(folder, 'models'))).toThrow(/is damaged/);
    }));
});
