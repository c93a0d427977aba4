import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withDatabase } from '../../test/support/database.ts';
import { alertOf, flowRecord, trafficBatch, windowRow } from '../../test/support/traffic.ts';
import { Verdict } from '../contract/alert.ts';
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import { type AnalysedBatch, PacketVerdicts, threatLevelOf } from '../contract/analysis.ts';
import { WINDOW_FEATURES } from '../contract/features.ts';
import { PacketBatch, type TextColumn } from '../contract/packet-batch.ts';
import { toRecord } from '../core/wire/to-record.ts';
import { actOnAlerts } from './alert-actions.ts';
import { getAlert } from './alerts.ts';
import type { Database } from './database.ts';
import { listFlows } from './flows.ts';
import { committedPlaces, forgetKeyedPlaces, ingest } from './ingest.ts';
import { isMalicious } from './packet-verdict.ts';
import { lastPackets, type StoredPacket } from './packets.ts';
import { listSensors } from './sensors.ts';
import { trafficStats } from './traffic-stats.ts';
import { latestWindows } from './windows.ts';

const START = 1_700_000_000_000_000;

async function count(db: Database, table: string): Promise<number> {
  const [row] = await db.query<{ count: number }>(`SELECT count(*) AS count FROM ${table}`);
  return row?.count ?? 0;
}

/** What `lastPackets` should give for a batch, newest first. */
function expected(batch: AnalysedBatch): StoredPacket[] {
  const { packets, verdicts } = batch;
  return Array.from({ length: packets.length }, (_, row) => {
    const record = toRecord(packets, row, batch.sensorId);
    const flowId = verdicts.flowId[row]!;
    const score = verdicts.threatScore[row]!;
    return {
      ...clean(record),
      community_id: flowId < 0 ? null : record.community_id,
      flow_id: flowId < 0 ? null : flowId,
      is_malicious: isMalicious(verdicts, row),
      threat_score: Number.isNaN(score) ? null : score,
      threat_level: Number.isNaN(score) ? null : threatLevelOf(score),
      attack_type: ALERT_KIND_NAMES[verdicts.attackKind[row]!] ?? null,
      decision: Verdict.options[verdicts.decision[row]!] ?? null,
    };
  }).reverse();
}

/** PostgreSQL stores no NUL, and UTF-8 has no half of a surrogate pair. */
function clean<Row extends object>(row: Row): Row {
  const entries = Object.entries(row).map(([name, value]) => [
    name,
    typeof value === 'string' ? Buffer.from(value.replaceAll('\0', '\ufffd')).toString() : value,
  ]);
  return Object.fromEntries(entries);
}

const word = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const text = fc.option(fc.string({ unit: 'binary', maxLength: 40 }), { nil: null });
const port = fc.integer({ min: -1, max: 65_535 });
const mac = fc.option(fc.integer({ min: 0, max: 2 ** 48 - 1 }), { nil: -1 });
const claim = fc.constantFrom(-1, 0, 1);

const packet = fc.record({
  gap: fc.integer({ min: 1, max: 10_000 }),
  wireLength: fc.integer({ min: 0, max: 65_535 }),
  ipVersion: fc.constantFrom(0, 4, 6),
  words: fc.tuple(word, word, word, word, word, word, word, word),
  protocol: fc.integer({ min: 0, max: 5 }),
  ports: fc.tuple(port, port),
  tcpFlags: fc.integer({ min: -1, max: 255 }),
  numbers: fc.tuple(word, word),
  icmp: fc.tuple(fc.integer({ min: -1, max: 255 }), fc.integer({ min: -1, max: 255 })),
  arp: fc.tuple(port, word, word, mac, mac),
  dns: fc.tuple(claim, claim, port, port, port),
  macs: fc.tuple(mac, mac),
  http: fc.integer({ min: -1, max: 999 }),
  vlan: fc.integer({ min: -1, max: 4095 }),
  ttl: fc.integer({ min: -1, max: 255 }),
  payload: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  entropy: fc.option(fc.float({ min: 0, max: 8, noNaN: true }), { nil: Number.NaN }),
  texts: fc.tuple(text, text, text, text, text, text, text, text, text, text),
  hasFlow: fc.boolean(),
  score: fc.option(fc.integer({ min: 0, max: 100 }), { nil: null }),
  kind: fc.integer({ min: -1, max: ALERT_KIND_NAMES.length - 1 }),
  decision: fc.integer({ min: -1, max: 3 }),
});

/** A flow of its own for each packet: packets of one flow share a community id. */
let nextFlowId = Number.MAX_SAFE_INTEGER;

function batchOf(rows: (typeof packet extends fc.Arbitrary<infer Row> ? Row : never)[]) {
  const batch = new PacketBatch(rows.length);
  const verdicts = new PacketVerdicts(rows.length);
  let time = START;
  for (const from of rows) {
    time += from.gap;
    const row = batch.addRow(time, from.wireLength);
    batch.ipVersion[row] = from.ipVersion;
    const mapped = from.ipVersion === 4 ? [0, 0, 0xffff] : from.words.slice(0, 3);
    batch.src.set([...mapped, from.words[3]], 4 * row);
    batch.dst.set([...mapped, from.words[7]], 4 * row);
    batch.protocol[row] = from.protocol;
    [batch.srcPort[row], batch.dstPort[row]] = from.ports;
    batch.tcpFlags[row] = from.tcpFlags;
    [batch.seq[row], batch.ack[row]] = from.numbers;
    [batch.icmpType[row], batch.icmpCode[row]] = from.icmp;
    [batch.arpOp[row], batch.arpPsrc[row], batch.arpPdst[row]] = from.arp;
    [, , , batch.arpHwsrc[row], batch.arpHwdst[row]] = from.arp;
    [batch.dnsQuery[row], batch.dnsResponse[row]] = from.dns;
    [, , batch.dnsQtype[row], batch.dnsAnswerCount[row], batch.dnsAnswerSize[row]] = from.dns;
    [batch.srcMac[row], batch.dstMac[row]] = from.macs;
    batch.httpStatus[row] = from.http;
    batch.vlan[row] = from.vlan;
    batch.ttl[row] = from.ttl;
    batch.payloadBytes[row] = from.payload;
    batch.payloadEntropy[row] = from.entropy;
    for (const [column, value] of from.texts.entries()) {
      (batch.textColumns()[column] as TextColumn).set(row, value);
    }
    verdicts.flowId[row] = from.hasFlow ? nextFlowId-- : -1;
    verdicts.threatScore[row] = from.score === null ? Number.NaN : from.score / 100;
    verdicts.attackKind[row] = from.kind;
    verdicts.decision[row] = from.decision;
  }
  return { packets: batch, verdicts };
}

describe('packets', () => {
  it('come back column by column as they went in, whatever they hold', async () => {
    await withDatabase(async (db) => {
      let sequence = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(packet, { minLength: 1, maxLength: 20 }), async (rows) => {
          const { packets, verdicts } = batchOf(rows);
          const batch = { ...trafficBatch({ packets: 0, startMicros: START }), packets, verdicts };
          await db.query('TRUNCATE packets');
          await ingest(db, { ...batch, sequence: sequence++ });
          const stored = await lastPackets(db, rows.length);
          const wanted = expected({ ...batch, packets, verdicts });
          expect(stored.map(rounded)).toEqual(wanted.map(rounded));
        }),
        { numRuns: 60 },
      );
    });
  });

  it('of a batch that goes to the database in many pieces arrive whole, also beside another', async () => {
    await withDatabase(async (db) => {
      const batches = ['a', 'b'].map((sensorId, at) =>
        trafficBatch({ packets: 10_000, startMicros: START + 1e6 * at, sensorId, seed: at + 1 }),
      );
      await Promise.all(batches.map((batch) => ingest(db, batch)));
      const stored = await lastPackets(db, 20_000);
      const wanted = batches.reverse().flatMap((batch) => expected(batch));
      expect(stored.map(rounded)).toEqual(wanted.map(rounded));
    });
  });

  it('of a batch that breaks off in the middle are not stored, and the next is', async () => {
    await withDatabase(async (db) => {
      const broken = trafficBatch({ packets: 10_000, startMicros: START });
      // As a bug in the encoder: pieces of it are on their way by then.
      broken.packets.interface.codes[9_000] = 77;
      await expect(ingest(db, broken)).rejects.toThrow(TypeError);
      expect(await count(db, 'raw_packets')).toBe(0);
      const whole = trafficBatch({ packets: 10_000, startMicros: START });
      expect(await ingest(db, whole)).toBe('stored');
      expect(await count(db, 'raw_packets')).toBe(10_000);
    });
  });

  it('of 1970, of 2005 and of a broken clock are all stored and found', async () => {
    await withDatabase(async (db) => {
      const times = [0, 1_109_656_800_000_000, 4_100_000_000_000_000, 2 ** 53 + 2 ** 20];
      for (const [sequence, startMicros] of times.entries()) {
        await ingest(db, trafficBatch({ packets: 3, startMicros, gapMicros: 1, sequence }));
      }
      const seconds = (await lastPackets(db, 12)).map(({ timestamp }) => timestamp!);
      expect(new Set(seconds.map((second) => Math.floor(second / 1e6)))).toEqual(
        new Set(times.map((time) => Math.floor(time / 1e12))),
      );
    });
  });
});

/** A float4 column keeps seven digits. */
function rounded(row: StoredPacket): StoredPacket {
  return {
    ...row,
    threat_score: row.threat_score === null ? null : Math.fround(row.threat_score),
  };
}

describe('a batch', () => {
  it('is stored once: its repeat and older ones change nothing', async () => {
    await withDatabase(async (db) => {
      const batch = trafficBatch({ packets: 500, startMicros: START, sequence: 4 });
      expect(await ingest(db, batch)).toBe('stored');
      expect(await ingest(db, batch)).toBe('duplicate');
      expect(await ingest(db, { ...batch, sequence: 3 })).toBe('duplicate');
      expect(await count(db, 'raw_packets')).toBe(500);
      expect((await trafficStats(db)).total).toBe(500);
      expect(await listSensors(db)).toMatchObject([{ batches: 1, packets: 500 }]);
      expect(await ingest(db, { ...batch, epoch: 'epoch-2', sequence: 0 })).toBe('stored');
      expect(await count(db, 'raw_packets')).toBe(1000);
      expect(db.counters).toMatchObject({ batches: 2, duplicates: 2, packets: 1000 });
    });
  });

  it('whose place was made of a key is known for two days', () =>
    withDatabase(async (db) => {
      for (const [epoch, age] of [
        ['key-old', '3 days'],
        ['key-new', '1 day'],
        ['spool', '3 days'],
      ])
        await db.query(
          `INSERT INTO ingest_offsets (sensor_id, epoch, sequence, updated_at)
           VALUES ('s', $1, 0, now() - $2::interval)`,
          [epoch, age],
        );
      await forgetKeyedPlaces(db);
      const left = await committedPlaces(db, 's');
      expect(left.map(({ epoch }) => epoch)).toEqual(['key-new', 'spool']);
    }));

  it('of several sensors at once is counted in full', async () => {
    await withDatabase(async (db) => {
      await Promise.all(
        ['s0', 's1', 's2', 's3'].map(async (sensorId) => {
          for (let sequence = 0; sequence < 3; sequence++) {
            const batch = { packets: 200, startMicros: START, sensorId, sequence };
            await ingest(db, trafficBatch(batch));
          }
        }),
      );
      expect((await trafficStats(db)).total).toBe(2400);
      expect(await count(db, 'raw_packets')).toBe(2400);
      const [distinct] = await db.query('SELECT count(DISTINCT id) AS count FROM raw_packets');
      expect(distinct?.count).toBe(2400);
    });
  });

  it('leaves its place, the latest of a sensor first', async () => {
    await withDatabase(async (db) => {
      for (const [epoch, sequence] of [
        ['a', 0],
        ['b', 5],
        ['a', 1],
      ] as const)
        await ingest(db, trafficBatch({ packets: 1, startMicros: START, epoch, sequence }));
      await ingest(db, trafficBatch({ packets: 1, startMicros: START, sensorId: 'other' }));
      expect(await committedPlaces(db, 'sensor-1')).toEqual([
        { epoch: 'a', sequence: 1 },
        { epoch: 'b', sequence: 5 },
      ]);
    });
  });

  it('above the bound is refused whole', async () => {
    await withDatabase(async (db) => {
      const batch = trafficBatch({ packets: 65_537, startMicros: START });
      await expect(ingest(db, batch)).rejects.toMatchObject({ code: 'too_large' });
      expect(await count(db, 'ingest_offsets')).toBe(0);
    });
  });

  it('that PostgreSQL refuses leaves nothing behind', async () => {
    await withDatabase(async (db) => {
      const flow = flowRecord({ id: 1, connectionAttempts: Number.NaN, srcIp: null as never });
      const batch = trafficBatch({ packets: 10, startMicros: START });
      await expect(ingest(db, { ...batch, flows: [flow] })).rejects.toThrow();
      expect(await count(db, 'raw_packets')).toBe(0);
      expect(await ingest(db, batch)).toBe('stored');
    });
  });

  it('brings its flows and windows, with their verdicts', async () => {
    await withDatabase(async (db) => {
      const verdict = { label: 'Brute_Force', confidence: 0.9, threatScore: 0.95 };
      const flows = [
        flowRecord({ id: 2 ** 53 - 1, verdict }),
        flowRecord({ id: 7, srcPort: -1, dstPort: -1, protocol: 'OTHER', srcIp: '8.8.8.8' }),
      ];
      const windows = [
        windowRow(),
        windowRow({ size: 180, scope: 'network', entity: '*', verdict }),
      ];
      await ingest(db, { ...trafficBatch({ packets: 5, startMicros: START }), flows, windows });

      const page = await listFlows(db, { limit: 10 });
      expect(page.flows).toMatchObject([
        {
          id_num: '9007199254740991',
          first_seen: 1_700_000_000,
          last_seen: 1_700_000_002.000001,
          duration: 2.000001,
          packet_count: 10,
          byte_count: 1000,
          country: null,
          predicted_label: 'Brute_Force',
          threat_score: 0.95,
        },
        { id_num: '7', src_port: null, country: 'US', predicted_label: null },
      ]);
      const [small] = await latestWindows(db, { window_size: 5, limit: 10 });
      expect(small).toMatchObject({
        window_start: 1_700_000_000,
        window_end: 1_700_000_005,
        entity: '198.51.100.7',
        predicted_label: null,
      });
      for (const [index, { name }] of WINDOW_FEATURES.entries()) {
        expect(small?.[name]).toBe(index + 0.1);
      }
      const [large] = await db.query('SELECT * FROM predictions_3min');
      expect(large).toMatchObject({
        window_size: 180,
        entity: '*',
        predicted_label: 'Brute_Force',
      });
      expect(await count(db, 'predictions_30s')).toBe(0);
    });
  });
});

describe('alerts', () => {
  it('come back whole and bit for bit', async () => {
    await withDatabase(async (db) => {
      const alert = alertOf({
        id: 'a1',
        description: 'sent \0 and \ud800',
        first_seen: 1_700_000_000.1234567,
        confidence: 1 / 3,
        evidence: [
          {
            detector: 'port-scan',
            at: 0.1 + 0.2,
            confidence: 0.5,
            summary: 'x\0',
            numbers: { ports: 40, path: '\\u0000', seen: true },
            thresholds: { ports: 1e-7 },
          },
        ],
        explanation: [{ feature: 'scan_rate_pps', value: null, contribution: -0.1 }],
        model: { name: 'forest', version: '1', hash: 'ab' },
      });
      await ingest(db, { ...trafficBatch({ packets: 1, startMicros: START }), alerts: [alert] });
      const stored = await getAlert(db, 'a1');
      expect(stored).toEqual({
        ...alert,
        description: 'sent \ufffd and \ufffd',
        evidence: [{ ...alert.evidence[0], summary: 'x\ufffd' }],
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
        ...{ assignee: null, proven_confidence: null, suppressed_by: null },
      });
    });
  });

  it('grow in place and keep what the analyst said', async () => {
    await withDatabase(async (db) => {
      const batch = trafficBatch({ packets: 1, startMicros: START });
      await ingest(db, { ...batch, alerts: [alertOf({ id: 'a1' })] });
      await actOnAlerts(db, { ids: ['a1'], status: 'false_positive' }, 'ada');
      const resolved = await getAlert(db, 'a1');
      expect(resolved?.resolved_at).not.toBeNull();
      const grown = alertOf({ id: 'a1', packet_count: 99, severity: 'High' });
      await ingest(db, { ...batch, sequence: 1, alerts: [grown] });
      expect(await getAlert(db, 'a1')).toEqual({
        ...resolved,
        packet_count: 99,
        severity: 'High',
      });
    });
  });

  it('mark the packets that were stored before they were raised, and no others', async () => {
    await withDatabase(async (db) => {
      const batch = trafficBatch({ packets: 400, startMicros: START, gapMicros: 10_000 });
      await ingest(db, batch);
      const [source] = await db.query<{ src_ip: string; count: number }>(
        `SELECT src_ip, count(*) AS count FROM raw_packets WHERE src_ip IS NOT NULL AND protocol = 'TCP'
           AND timestamp <= 1700000003.3 GROUP BY src_ip ORDER BY count DESC, src_ip LIMIT 1`,
      );
      const reference = {
        sensor_id: 'sensor-1',
        first: 1_700_000_000,
        last: 1_700_000_100,
        src_ip: source!.src_ip,
        dst_ip: null,
        dst_port: null,
        protocol: 'TCP',
      };
      const alert = alertOf({ id: 'a1', first_seen: 1_700_000_000, packets: [reference] });
      const next = trafficBatch({ packets: 1, startMicros: START + 5_000_000, sequence: 1 });
      await ingest(db, { ...next, alerts: [alert] });
      expect(
        await db.query(
          `SELECT src_ip, attack_type, threat_level, decision, count(*) AS count FROM raw_packets
           WHERE is_malicious GROUP BY 1, 2, 3, 4`,
        ),
      ).toEqual([
        {
          src_ip: source!.src_ip,
          attack_type: 'Port_Scan',
          threat_level: 'MEDIUM',
          decision: 'ALERT',
          count: source!.count,
        },
      ]);
      expect((await trafficStats(db)).malicious).toBe(source!.count);
      expect(await db.query('SELECT attack_type, packets FROM traffic_by_attack')).toEqual([
        { attack_type: 'Port_Scan', packets: source!.count },
      ]);
      // The alert grows: what it marked is not counted again.
      await ingest(db, { ...next, sequence: 2, alerts: [alert] });
      expect((await trafficStats(db)).malicious).toBe(source!.count);
    });
  });
});

it('roll-ups add up to the rows', async () => {
  await withDatabase(async (db) => {
    for (let sequence = 0; sequence < 4; sequence++) {
      const batch = trafficBatch({
        packets: 300,
        startMicros: START + sequence * 17_000_000,
        gapMicros: 60_000,
        sequence,
        seed: sequence + 1,
      });
      batch.verdicts.attackKind.fill(2, 0, 40);
      await ingest(db, batch);
    }
    const truth = await db.query(
      `SELECT date_trunc('minute', timestamp) AS minute, count(*) AS packets,
         count(*) FILTER (WHERE is_malicious) AS malicious, sum(length) AS bytes
       FROM packet_logs GROUP BY 1 ORDER BY 1`,
    );
    expect(
      await db.query(
        `SELECT timestamp AS minute, total_packets AS packets, malicious_packets AS malicious,
           total_bytes AS bytes FROM traffic_stats ORDER BY 1`,
      ),
    ).toEqual(truth);
    const protocols = await db.query(
      'SELECT protocol, sum(packets) AS packets FROM traffic_by_protocol GROUP BY 1 ORDER BY 1',
    );
    expect(protocols).toEqual(
      await db.query('SELECT protocol, count(*) AS packets FROM packet_logs GROUP BY 1 ORDER BY 1'),
    );
  });
});
