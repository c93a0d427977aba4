/** Saved and loaded anywhere, as often as you like, an analysis gives what it gives without. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketVerdicts } from '../../contract/analysis.ts';
import { AppEvent, PacketBatch } from '../../contract/packet-batch.ts';
import { DETECTION_DEFAULTS } from '../detection/detection-limits.ts';
import { conversation, type Hand, times } from '../detection/detections.suite.ts';
import { batchOf } from '../flows/packet-rows.suite.ts';
import { StateError } from '../state/state-error.ts';
import { StateReader } from '../state/state-reader.ts';
import { StateWriter } from '../state/state-writer.ts';
import { Analysis, type AnalysisOptions } from './analysis.ts';
import { addSyns } from './spoofed-flood.suite.ts';

/** So low that a few packets make alerts of every kind, and that tables overflow. */
const OPTIONS: AnalysisOptions = {
  sensorId: 's',
  judge: null,
  caps: { maxFlows: 24, maxEntities: 3, maxConnections: 30, maxFacts: 200 },
  limits: {
    ...DETECTION_DEFAULTS,
    syn_flood: { ...DETECTION_DEFAULTS.syn_flood, min_rate: 1, min_attempts_per_port: 1 },
    udp_flood: { ...DETECTION_DEFAULTS.udp_flood, min_rate: 1 },
    icmp_flood: { min_rate: 1 },
    http_flood: { min_rate: 1 },
    port_scan: {
      ...DETECTION_DEFAULTS.port_scan,
      min_ports: 3,
      min_targets: 3,
      min_network_ports: 3,
      min_network_sources: 2,
      max_attempts: 8,
    },
    sequential_scan: { ...DETECTION_DEFAULTS.sequential_scan, min_refusals: 2, max_refusals: 8 },
    host_discovery: { ...DETECTION_DEFAULTS.host_discovery, min_targets: 3, max_addresses: 5 },
    brute_force: {
      ...DETECTION_DEFAULTS.brute_force,
      min_ftp_refusals: 3,
      min_http_refusals: 3,
      min_remote_conversations: 2,
      max_triples: 3,
    },
    ssh_refusals: {
      ...DETECTION_DEFAULTS.ssh_refusals,
      min_refusals: 1,
      min_connections: 1,
      max_connections: 3,
      max_pairs: 2,
    },
    arp_spoof: { ...DETECTION_DEFAULTS.arp_spoof, min_claims: 2, max_bindings: 4 },
    arp_relay: { min_rounds: 2, min_round_s: 0, max_round_s: 1_000, max_askers: 3 },
    dns_tunnel: {
      ...DETECTION_DEFAULTS.dns_tunnel,
      min_names: 3,
      min_mean_length: 3,
      max_names: 6,
    },
    slowloris: { ...DETECTION_DEFAULTS.slowloris, min_requests: 2, max_requests: 4 },
    web_attack: { ...DETECTION_DEFAULTS.web_attack, min_score: 2, max_triples: 3 },
    web_scan: {
      ...DETECTION_DEFAULTS.web_scan,
      min_errors: 2,
      min_targets: 2,
      min_error_ratio: 0,
      max_pairs: 3,
    },
    beacon: {
      ...DETECTION_DEFAULTS.beacon,
      min_connections: 2,
      min_interval_s: 0,
      max_jitter: 9,
      max_size_spread: 9,
      max_pairs: 3,
      max_addresses: 2,
    },
    exfiltration: {
      ...DETECTION_DEFAULTS.exfiltration,
      min_bytes: 150,
      min_upload_ratio: 0,
      min_times_usual: 0.1,
      usual_bytes: 1,
      max_hosts: 3,
      max_pairs: 4,
    },
    lateral_movement: { ...DETECTION_DEFAULTS.lateral_movement, min_hosts: 2, min_bytes: 1 },
  },
};

const host = fc.integer({ min: 1, max: 5 }).map((n) => `10.0.0.${n}`);
const outside = fc.oneof(host, fc.constantFrom('2001:db8::1', '192.0.2.7'));
const pair = fc.oneof(
  fc.record({ src: host, dst: host }),
  fc.record({ src: host, dst: fc.constantFrom('192.0.2.7') }),
  fc.constant({ src: '2001:db8::1', dst: '2001:db8::2' }),
);
const segment = fc.record({
  sport: fc.integer({ min: 5000, max: 5003 }),
  dport: fc.integer({ min: 79, max: 84 }),
  flags: fc.constantFrom('S', 'S', 'SA', 'A', 'PA', 'FA', 'R'),
  seq: fc.nat(300),
  ack: fc.nat(300),
  len: fc.nat(90),
  sni: fc.constantFrom('a.test', 'b.test', undefined),
  events: fc.constantFrom(0, 0, AppEvent.HTTP_REQUEST, AppEvent.HTTP_HEADERS_END),
});
const refusal = fc.record({
  sport: fc.constantFrom(21, 80),
  dport: fc.constantFrom(5000, 5001),
  events: fc.constant(AppEvent.FTP_REPLY),
  appCode: fc.constant(530),
  httpStatus: fc.constantFrom(-1, 401),
});
const query = fc.record({
  protocol: fc.constant('UDP' as const),
  sport: fc.constantFrom(5300, 5301),
  dport: fc.constantFrom(53, 123),
  qname: fc.integer({ min: 0, max: 20 }).map((n) => `name-${n}.example.test`),
});
const ping = fc.record({ protocol: fc.constant('ICMP' as const), icmpType: fc.constantFrom(8, 0) });
const packet: fc.Arbitrary<Hand[]> = fc
  .tuple(pair, fc.oneof(segment, segment, refusal, query, ping))
  .map(([ends, what]) => [{ t: 0, ...ends, ...what } as Hand]);
const claim: fc.Arbitrary<Hand[]> = fc
  .record({
    op: fc.constantFrom(1 as const, 2 as const),
    hwsrc: fc.integer({ min: 1, max: 6 }),
    psrc: host,
    pdst: outside.filter((address) => !address.includes(':')),
  })
  .map((arp) => times(3, (i) => ({ t: i / 10, ...arp })));
const talk: fc.Arbitrary<Hand[]> = fc
  .record({
    src: host,
    dst: fc.oneof(host, fc.constantFrom('192.0.2.7', '198.51.100.3')),
    dport: fc.constantFrom(80, 23, 22, 443),
    sport: fc.integer({ min: 6000, max: 6004 }),
    request: fc.constantFrom(
      'GET /item?id=1%20union%20select%20name',
      'GET /a',
      'GET /b',
      'GET /../../etc/passwd',
    ),
    httpStatus: fc.constantFrom(200, 404),
  })
  .map(({ src, dst, dport, sport, request, httpStatus }) =>
    conversation(0, src, dst, dport, sport, { request, events: AppEvent.HTTP_REQUEST }).map(
      (each) =>
        each.src === dst && each.len === 200
          ? { ...each, httpStatus, events: AppEvent.HTTP_RESPONSE }
          : each,
    ),
  );
const flood: fc.Arbitrary<Hand[]> = fc
  .tuple(pair, segment)
  .map(([ends, what]) =>
    times(12, (i) => ({ t: i / 100, ...ends, ...what, flags: 'S', sport: 7000 + i }) as Hand),
  );
/** A broken timestamp, or the first after a long pause. */
const stray: fc.Arbitrary<Hand[]> = packet.map((packets) =>
  packets.map((each) => ({ ...each, t: 5_000 })),
);
/** Mostly a second or so apart, now and then a minute, now and then back in time. */
const gap = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -4_000, max: 60_000 }) },
);
const burst = fc.tuple(gap, fc.oneof(packet, packet, claim, talk, talk, flood, stray));

/** One batch a burst. */
function batchesOf(bursts: readonly (readonly [number, Hand[]])[]): PacketBatch[] {
  let now = 1_000_000;
  return bursts.map(([gapMs, packets]) => {
    now += gapMs / 1000;
    return batchOf(packets.map((each) => ({ ...each, t: now + each.t })));
  });
}

function stateOf(analysis: Analysis): Uint8Array {
  const writer = new StateWriter();
  analysis.save(writer);
  return writer.bytes();
}

function loaded(bytes: Uint8Array, options = OPTIONS): Analysis {
  const analysis = new Analysis(options);
  const reader = new StateReader(bytes);
  analysis.load(reader);
  reader.end();
  return analysis;
}

/** All that comes of the batches; `isCut` says after which the analysis is saved and another goes on. */
function outcome(
  batches: readonly PacketBatch[],
  isCut: (index: number) => boolean,
  options = OPTIONS,
): string {
  let analysis = new Analysis(options);
  const outputs: unknown[] = [];
  const take = () => {
    const { flows, windows, alerts, blocks } = analysis.take();
    outputs.push(flows, alerts, blocks);
    for (const { values, ...window } of windows) outputs.push(window, [...values]);
  };
  for (const [index, batch] of batches.entries()) {
    const verdicts = new PacketVerdicts(batch.length);
    analysis.push(batch, verdicts);
    take();
    outputs.push([...verdicts.flowId], [...verdicts.threatScore], [...verdicts.attackKind]);
    if (isCut(index)) analysis = loaded(stateOf(analysis), options);
  }
  analysis.finish();
  take();
  outputs.push(analysis.counts, analysis.clockMicros);
  return JSON.stringify(outputs);
}

describe('the state of an analysis', () => {
  it('goes on as if nothing had happened, wherever it was saved', () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(
        fc.array(burst, { minLength: 5, maxLength: 80, size: 'max' }),
        fc.array(fc.nat(79), { minLength: 1, maxLength: 4 }),
        (bursts, cuts) => {
          const batches = batchesOf(bursts);
          const whole = outcome(batches, () => false);
          for (const [, kind] of whole.matchAll(/"alert_type":"(\w+)"/g)) kinds.add(kind ?? '');
          // Not shown: the texts are megabytes.
          expect(outcome(batches, (index) => cuts.includes(index)) === whole).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
    // Else it would have shown little.
    expect(kinds.size).toBeGreaterThanOrEqual(8);
  }, 120_000);

  it('goes on where distinct counts have become sketches', () => {
    const options = { sensorId: 's', judge: null };
    const batches = times(6, (part) => {
      const batch = new PacketBatch(2_000);
      addSyns(batch, 2_000 * part, 2_000 * (part + 1), 4_000);
      return batch;
    });
    const whole = outcome(batches, () => false, options);
    expect(outcome(batches, (index) => index >= 3, options) === whole).toBe(true);
  });

  it('is the same when it is saved again', () => {
    fc.assert(
      fc.property(fc.array(burst, { minLength: 20, maxLength: 60, size: 'max' }), (bursts) => {
        const analysis = new Analysis(OPTIONS);
        for (const batch of batchesOf(bursts)) analysis.push(batch);
        analysis.take();
        const bytes = stateOf(analysis);
        expect(Buffer.compare(stateOf(loaded(bytes)), bytes)).toBe(0);
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  const busy = new Analysis(OPTIONS);
  for (let i = 0; i < 40; i++)
    busy.push(batchOf(conversation(1000 + i, '10.0.0.1', '10.0.0.2', 80 + i, 5000 + i)));
  busy.take();
  const bytes = stateOf(busy);

  it('is refused where it was made with other limits, caps or for another sensor', () => {
    const { limits = DETECTION_DEFAULTS } = OPTIONS;
    for (const other of [
      { ...OPTIONS, sensorId: 't' },
      { ...OPTIONS, caps: { ...OPTIONS.caps, maxFlows: 25 } },
      { ...OPTIONS, limits: { ...limits, icmp_flood: { min_rate: 2 } } },
    ])
      expect(() => loaded(bytes, other)).toThrow('it was made with other');
    expect(() => loaded(bytes)).not.toThrow();
  });

  it('is refused where it ends too early', () => {
    for (let length = 0; length < bytes.length; length += 1 + Math.floor(length / 20))
      expect(() => loaded(bytes.subarray(0, length))).toThrow(StateError);
  });
});

describe('an analysis whose past is lost', () => {
  it('says so in the windows that began before, by the share that it saw', () => {
    const analysis = new Analysis(OPTIONS);
    analysis.missBefore(1_006_000_000);
    for (let t = 1006; t < 1400; t += 2)
      analysis.push(batchOf([{ t, src: '10.0.0.1', dst: '10.0.0.2' }]));
    analysis.finish();
    const rows = analysis.take().windows.filter(({ scope }) => scope === 'network');
    const completeness = (size: number) =>
      rows.filter((row) => row.size === size).map((row) => row.completeness);
    expect(completeness(5).slice(0, 2)).toEqual([0.8, 1]);
    // 990 to 1020, and 900 to 1080.
    expect(completeness(30).slice(0, 2)).toEqual(
      [14 / 30, 1].map((share) => expect.closeTo(share)),
    );
    expect(completeness(180).slice(0, 2)).toEqual(
      [74 / 180, 1].map((share) => expect.closeTo(share)),
    );
  });

  it('still says so after it was saved', () => {
    const analysis = new Analysis(OPTIONS);
    analysis.missBefore(1_003_000_000);
    analysis.push(batchOf([{ t: 1003, src: '10.0.0.1', dst: '10.0.0.2' }]));
    const later = loaded(stateOf(analysis));
    later.finish();
    expect(later.take().windows[0]?.completeness).toBeCloseTo(0.4);
  });
});
