import { expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { flowRecord, trafficBatch } from '../../test/support/traffic.ts';
import type { FlowRecord } from '../contract/flow.ts';
import { Analysis } from '../core/engine/analysis.ts';
import { FLOW_FEATURE_COUNT, FLOW_FEATURES, flowVector } from '../core/features/flow-vector.ts';
import { readCapture } from '../workshop/read-capture.ts';
import type { Database } from './database.ts';
import { ingest } from './ingest.ts';
import { flowsOf } from './site-flows.ts';

async function store(db: Database, flows: FlowRecord[]) {
  await ingest(db, { ...trafficBatch({ packets: 1, startMicros: 1 }), flows });
}

const ALWAYS = { from: 0, to: 4e9 };

it('gives the vector that the models saw, of every conversation of the demo', () =>
  withDatabase(async (db) => {
    const flows: FlowRecord[] = [];
    const analysis = new Analysis({ sensorId: 'sensor-1', judge: null });
    await readCapture('demo/demo.pcap.zst', analysis, (output) => flows.push(...output.flows));
    // Some of each protocol and state.
    const counts = new Map<string, number>();
    const some = flows.filter(({ protocol, connState, service }) => {
      const kind = `${protocol} ${connState} ${service}`;
      counts.set(kind, 1 + (counts.get(kind) ?? 0));
      return (counts.get(kind) ?? 0) <= 20;
    });
    expect(counts.size).toBeGreaterThan(15);
    await store(db, some);
    const byId = new Map(some.map((flow) => [flow.id, flow]));
    const [seen, stored] = [0, 0].map(() => new Float64Array(FLOW_FEATURE_COUNT));
    let compared = 0;
    for (const source of new Set(some.map(({ srcIp }) => srcIp)))
      for (const { id, flow } of await flowsOf(db, { source, target: null, ...ALWAYS })) {
        const original = byId.get(id);
        if (!original || !seen || !stored) throw new Error(`There was no flow ${id}`);
        flowVector(original, seen);
        flowVector(flow, stored);
        for (const [at, { name }] of FLOW_FEATURES.entries()) {
          const [was = Number.NaN, is = Number.NaN] = [seen[at], stored[at]];
          expect(Math.abs(is - was), `${name} of ${id}`).toBeLessThan(
            1e-6 * Math.max(1, Math.abs(was)),
          );
        }
        compared++;
      }
    expect(compared).toBe(some.length);
  }));

it('finds those of a source, of a target and of both, that began in the time', () =>
  withDatabase(async (db) => {
    await store(db, [
      flowRecord({ id: 1 }),
      flowRecord({ id: 2, dstIp: '10.0.0.2' }),
      flowRecord({ id: 3, srcIp: '198.51.100.8' }),
      flowRecord({ id: 4, firstSeenMicros: 1_600_000_000e6 }),
    ]);
    const ids = async (source: string | null, target: string | null) =>
      (await flowsOf(db, { source, target, from: 1_700_000_000, to: 1_700_000_001 })).map(
        ({ id }) => id,
      );
    expect(await ids('198.51.100.7', null)).toEqual([1, 2]);
    expect(await ids(null, '10.0.0.1')).toEqual([1, 3]);
    expect(await ids('198.51.100.7', '10.0.0.1')).toEqual([1]);
    expect(await ids(null, null)).toEqual([]);
  }));

it('leaves out what an earlier version stored, which did not keep all', () =>
  withDatabase(async (db) => {
    await store(db, [flowRecord({ id: 1 })]);
    await db.query('UPDATE traffic_data SET length_mean_fwd = NULL');
    expect(await flowsOf(db, { source: '198.51.100.7', target: null, ...ALWAYS })).toEqual([]);
  }));
