import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../../test/support/traffic.ts';
import type { Alert } from '../contract/alert.ts';
import type { FlowRecord } from '../contract/flow.ts';
import type { LureEvent } from '../contract/lure.ts';
import type { WindowRow } from '../contract/window.ts';
import { Judge, MODEL_NAMES } from '../core/engine/judge.ts';
import { decodeModels, encodeModels, type StoredModel } from '../core/models/model-file.ts';
import { Random } from '../core/models/random.ts';
import { actOnAlerts } from '../store/alert-actions.ts';
import type { Database } from '../store/database.ts';
import { ingest } from '../store/ingest.ts';
import { insertLureEvents } from '../store/lures.ts';
import { addProtected } from '../store/protected.ts';
import { firstDayWindows } from '../store/site-windows.ts';
import { type BaseExamples, decodeBase, encodeBase } from './base-examples.ts';
import { type Examples, newExampleSets } from './examples.ts';
import { MAX_SOURCE_WEIGHT } from './site-examples.ts';
import { trainFromSite } from './train-from-site.ts';

const START_S = 1_700_000_000;
const champion = decodeModels(readFileSync('models/phantomnet.model'));
const baseBytes = readFileSync('models/base-examples.zst');
const quiet = { say() {}, step() {} };

/** Ordinary windows of sources, none of them an attack. */
let ordinary: Float64Array[];
let scans: Float64Array[];

beforeAll(() => {
  const { sources } = decodeBase(baseBytes).sets;
  ordinary = sources.rows.filter((_, at) => sources.kinds[at] === null && !sources.isTest[at]);
  scans = sources.rows.filter((_, at) => sources.kinds[at] === 'Port_Scan' && !sources.isTest[at]);
});

/** So many windows of one address, one after the other, with values drawn from `rows`. */
function windows(entity: string, count: number, rows: readonly Float64Array[], seed = 1) {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, at) =>
    windowRow({
      entity,
      startMicros: (START_S + 5 * at) * 1e6,
      values: (rows[random.below(rows.length)] ?? new Float64Array()).slice(),
    }),
  );
}

let sequence = 0;
/** So many short conversations of one address, one a second, each to another port. */
function flows(srcIp: string, count: number): FlowRecord[] {
  return Array.from({ length: count }, (_, at) =>
    flowRecord({
      ...{ id: 1 + sequence * 100_000 + at, srcIp, dstPort: 443 + at, service: null },
      firstSeenMicros: (START_S + at) * 1e6,
      lastSeenMicros: (START_S + at) * 1e6 + 400,
      ...{ connState: 'REJ', isValidated: false, tcpFlagsFwd: 2, tcpFlagsBwd: 0x14 },
      ...{ packetsFwd: 1, packetsBwd: 1, bytesFwd: 74, bytesBwd: 54 },
    }),
  );
}

async function storeFlows(db: Database, records: readonly FlowRecord[]) {
  const batch = trafficBatch({ packets: 1, startMicros: START_S * 1e6, sequence: sequence++ });
  await ingest(db, { ...batch, flows: [...records] });
}

async function store(db: Database, rows: readonly WindowRow[], alerts: readonly Alert[] = []) {
  const batch = trafficBatch({ packets: 1, startMicros: START_S * 1e6, sequence: sequence++ });
  await ingest(db, { ...batch, windows: [...rows], alerts: [...alerts] });
}

function contact(source_ip: string, kind: LureEvent['kind'], at: number): LureEvent {
  return {
    id: `${source_ip} ${kind} ${at}`,
    session_id: source_ip,
    at: new Date((START_S + at) * 1000).toISOString(),
    service: 'ssh',
    source_ip,
    source_port: 4711,
    local_port: 22,
    kind,
    username: null,
    password: null,
    text: null,
    bytes: null,
    sha256: null,
  };
}

const train = (db: Database) =>
  trainFromSite(db, {
    base: decodeBase(baseBytes),
    champion,
    workerCount: 1,
    progress: quiet,
  });

function metricsOf(models: readonly StoredModel[], name: string): Readonly<Record<string, number>> {
  return models.find((model) => model.name === name)?.metrics ?? {};
}

/** Of benign rows kept apart, the share that the judge calls an attack. */
function falseShare(models: readonly StoredModel[]): number {
  const judge = new Judge(decodeModels(encodeModels(models)));
  const { sources } = decodeBase(baseBytes).sets;
  const benign = sources.rows.filter((_, at) => sources.kinds[at] === null && sources.isTest[at]);
  const wrong = benign.filter((row) => judge.judgeVector(row).label !== 'Benign').length;
  return wrong / benign.length;
}

/** Of each set the first rows: compressing all of them takes long. */
function firstOf({ sets, dataHashes }: BaseExamples, count: number): BaseExamples {
  const some = newExampleSets();
  some.testSeconds = sets.testSeconds;
  for (const name of ['flows', 'sources', 'targets'] as const) {
    const { rows, kinds, isTest } = sets[name];
    for (const [at, row] of rows.slice(0, count).entries())
      some[name].add(row, kinds[at] ?? null, isTest[at] === true);
  }
  return { sets: some, dataHashes };
}

describe('the base examples', () => {
  it('come back as they were', () => {
    const base = firstOf(decodeBase(baseBytes), 500);
    const again = decodeBase(encodeBase(base));
    const plain = ({ rows, kinds, isTest }: Examples) => ({ rows, kinds, isTest });
    expect(plain(again.sets.flows)).toEqual(plain(base.sets.flows));
    expect(plain(again.sets.sources)).toEqual(plain(base.sets.sources));
    expect(plain(again.sets.targets)).toEqual(plain(base.sets.targets));
    expect([again.sets.testSeconds, again.dataHashes]).toEqual([
      base.sets.testSeconds,
      base.dataHashes,
    ]);
  });

  it('are those of the model that ships', () => {
    expect(decodeBase(baseBytes).dataHashes).toEqual(champion.models[0]?.dataHashes);
  });

  it('are refused where they are damaged', () => {
    for (const bytes of [Buffer.from('no'), baseBytes.subarray(0, 1000)])
      expect(() => decodeBase(bytes)).toThrow(
        expect.objectContaining({ code: 'model_incompatible' }),
      );
  });
});

describe('training from a site', { timeout: 120_000 }, () => {
  it('has nothing to learn where nothing was labelled', () =>
    withDatabase(async (db) => {
      await store(db, windows('198.51.100.7', 50, ordinary));
      await expect(train(db)).rejects.toMatchObject({ code: 'input_invalid' });
    }));

  it('learns from lures and from what analysts said, and says from how much', () =>
    withDatabase(async (db) => {
      const span = { first_seen: START_S, last_seen: START_S + 50 };
      await store(db, windows('198.51.100.7', 20, scans));
      await store(
        db,
        [
          ...windows('203.0.113.9', 10, ordinary),
          ...windows('203.0.113.8', 10, scans),
          ...windows('192.0.2.1', 10, scans),
          // On the never-block list: one's own scanner.
          ...windows('10.0.0.9', 10, scans),
        ],
        [
          alertOf({ id: 'wrong', source_ip: '203.0.113.9', ...span }),
          alertOf({ id: 'right', source_ip: '203.0.113.8', ...span }),
          alertOf({ id: 'open', source_ip: '192.0.2.1', ...span }),
        ],
      );
      await actOnAlerts(db, { ids: ['wrong'], status: 'false_positive' }, 'analyst');
      await actOnAlerts(db, { ids: ['right'], status: 'resolved' }, 'analyst');
      await addProtected(db, { cidr: '10.0.0.0/24', reason: 'ours' });
      await insertLureEvents(db, [
        contact('198.51.100.7', 'connect', 10),
        contact('10.0.0.9', 'connect', 10),
      ]);
      const { models, sources, usualWindows } = await train(db);
      // From 30 s before the visit to 30 s after: nine windows begin in that time.
      expect(sources).toMatchObject({ weak: 9, strong: 10, negative: 10, contradicted: 0 });
      expect(usualWindows).toBe(0);
      expect(models.map(({ name }) => name)).toEqual(Object.values(MODEL_NAMES));
      expect(models[0]).toBe(champion.models[0]);
      expect(models[1]?.parameters).toMatchObject({ site: true, sources_weak: 9 });
      expect(models[1]?.dataHashes).toHaveLength((champion.models[0]?.dataHashes.length ?? 0) + 1);
      expect(() => new Judge(decodeModels(encodeModels(models)))).not.toThrow();
    }));

  it('trains the forest of conversations on those of visitors of lures and of alerts with a verdict', () =>
    withDatabase(async (db) => {
      const span = { first_seen: START_S, last_seen: START_S + 50 };
      await storeFlows(db, flows('198.51.100.7', 20));
      // To others than the alert names, or after it: nobody has said a word of them.
      await storeFlows(db, flows('203.0.113.8', 60));
      await storeFlows(
        db,
        flows('203.0.113.8', 30).map((flow) => ({ ...flow, dstIp: '10.0.0.2' })),
      );
      await storeFlows(db, flows('192.0.2.1', 30));
      await store(
        db,
        [],
        [
          alertOf({
            id: 'right',
            source_ip: '203.0.113.8',
            destination_ip: '10.0.0.1',
            ...span,
          }),
          alertOf({ id: 'open', source_ip: '192.0.2.1', ...span }),
        ],
      );
      await actOnAlerts(db, { ids: ['right'], status: 'resolved' }, 'analyst');
      await insertLureEvents(db, [contact('198.51.100.7', 'connect', 0)]);
      const { models, flows: counts } = await train(db);
      expect(counts).toMatchObject({ weak: 20, strong: 51, negative: 0, contradicted: 0 });
      const [flow] = models;
      expect(flow?.parameters).toMatchObject({ site: true, flows_weak: 20, flows_strong: 51 });
      expect(flow?.model.trees.nodes).not.toEqual(champion.models[0]?.model.trees.nodes);
      expect(flow?.dataHashes).toHaveLength((champion.models[0]?.dataHashes.length ?? 0) + 1);
      // It has not forgotten what the one that ships knows.
      const { auc = 0 } = champion.models[0]?.metrics ?? {};
      expect(flow?.metrics.auc).toBeGreaterThan(auc - 0.001);
      const judge = new Judge(decodeModels(encodeModels(models)));
      const [scan] = flows('192.0.2.9', 1);
      expect(scan && judge.judgeFlow(scan).label).toBe('Port_Scan');
    }));

  it('is not poisoned by a visitor of the lures who then behaves as all others do', () =>
    withDatabase(async (db) => {
      await store(db, windows('198.51.100.7', 500, ordinary));
      await insertLureEvents(db, [
        contact('198.51.100.7', 'connect', 0),
        contact('198.51.100.7', 'login', 2_400),
      ]);
      const { models, sources } = await train(db);
      expect(sources).toMatchObject({ capped: 1 });
      expect(sources.weak).toBeGreaterThan(480);
      expect(sources.weak * 0.3).toBeGreaterThan(5 * MAX_SOURCE_WEIGHT);
      expect(falseShare(models)).toBeLessThanOrEqual(falseShare(champion.models) + 0.002);
      const before = metricsOf(champion.models, MODEL_NAMES.source);
      const after = metricsOf(models, MODEL_NAMES.source);
      expect(after.auc).toBeGreaterThan((before.auc ?? 1) - 0.03);
    }));

  it('does not learn as harmless what an attacker does unseen, however much of it there is', () =>
    withDatabase(async (db) => {
      // Below every alarm, for a day: scans between ordinary hosts.
      await store(db, windows('198.51.100.66', 4_000, scans));
      for (let host = 1; host <= 12; host++)
        await store(db, windows(`192.0.2.${host}`, 250, ordinary, host));
      const { models, sources, usualWindows } = await train(db);
      expect(sources).toMatchObject({ negative: 0, strong: 0, weak: 0 });
      expect(usualWindows).toBe(12 * 250 + 500);
      const isolation = models.find(({ name }) => name === MODEL_NAMES.isolation);
      expect(isolation?.parameters).toMatchObject({ first_day_windows: 3_500 });
      // What is drift is told against that day, no longer against the networks of the base.
      const before = champion.models.find(({ name }) => name === MODEL_NAMES.isolation);
      expect(isolation?.references).not.toEqual(before?.references);
      const judge = new Judge(decodeModels(encodeModels(models)));
      const found = (judged: Judge) =>
        scans.filter((row) => judged.judgeVector(row).label === 'Port_Scan').length;
      expect(found(judge)).toBe(found(new Judge(champion)));
      expect(found(judge)).toBeGreaterThan(20);
    }));

  it('takes for usual nobody who touched a lure or is named by an alert', () =>
    withDatabase(async (db) => {
      await store(
        db,
        [
          ...windows('192.0.2.1', 10, ordinary),
          ...windows('192.0.2.2', 10, ordinary),
          ...windows('192.0.2.3', 10, ordinary),
          ...windows('192.0.2.4', 10, ordinary),
        ],
        [
          alertOf({ id: 'open', source_ip: '192.0.2.2' }),
          alertOf({ id: 'wrong', source_ip: '192.0.2.3' }),
        ],
      );
      await actOnAlerts(db, { ids: ['wrong'], status: 'false_positive' }, 'analyst');
      await insertLureEvents(db, [contact('192.0.2.4', 'connect', 0)]);
      expect(await firstDayWindows(db, 500)).toHaveLength(20);
      expect(await firstDayWindows(db, 4)).toHaveLength(8);
    }));
});
