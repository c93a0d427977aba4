/** Batches of made-up traffic for tests and measurements of the store; the same for the same seed. */
import type { Alert } from '../../src/contract/alert.ts';
import { type AnalysedBatch, PacketVerdicts } from '../../src/contract/analysis.ts';
import { FEATURE_COUNT } from '../../src/contract/features.ts';
import type { FlowRecord, Moments } from '../../src/contract/flow.ts';
import { PacketBatch, Protocol } from '../../src/contract/packet-batch.ts';
import type { WindowRow } from '../../src/contract/window.ts';

const NO_MOMENTS: Moments = { mean: 0, std: 0, min: 0, max: 0 };

export interface TrafficOptions {
  readonly packets: number;
  readonly startMicros: number;
  readonly sensorId?: string;
  readonly epoch?: string;
  readonly sequence?: number;
  /** Microseconds between packets. */
  readonly gapMicros?: number;
  readonly seed?: number;
}

/** Mostly TCP with some DNS and ARP, from 200 sources to 50 targets; no flows, windows or alerts. */
export function trafficBatch(options: TrafficOptions): AnalysedBatch {
  const { packets: count, startMicros, gapMicros = 50, seed = 1 } = options;
  const packets = new PacketBatch(count);
  const verdicts = new PacketVerdicts(count);
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let index = 0; index < count; index++) {
    const row = packets.addRow(startMicros + index * gapMicros, 60 + random(1400));
    packets.interface.set(row, 'eth0');
    packets.srcMac[row] = 0x02_00_00_00_00_00 + random(20);
    packets.dstMac[row] = 0x02_00_00_00_00_ff;
    const kind = random(100);
    if (kind === 0) addArp(packets, row, random);
    else addIp(packets, row, random, kind < 10);
    verdicts.flowId[row] = packets.ipVersion[row] === 0 ? -1 : 1 + random(4000);
    if (kind < 95) verdicts.threatScore[row] = random(100) / 250;
  }
  return {
    sensorId: options.sensorId ?? 'sensor-1',
    epoch: options.epoch ?? 'epoch-1',
    sequence: options.sequence ?? 0,
    packets,
    verdicts,
    flows: [],
    windows: [],
    alerts: [],
    blocks: [],
  };
}

function addIp(batch: PacketBatch, row: number, random: (below: number) => number, isDns: boolean) {
  batch.ipVersion[row] = 4;
  batch.src.set([0, 0, 0xffff, (0xc6336400 + random(200)) >>> 0], 4 * row);
  batch.dst.set([0, 0, 0xffff, (0x0a000000 + random(50)) >>> 0], 4 * row);
  batch.ttl[row] = 64;
  batch.srcPort[row] = 1024 + random(60_000);
  batch.payloadBytes[row] = random(1400);
  batch.payloadEntropy[row] = random(800) / 100;
  if (isDns) {
    batch.protocol[row] = Protocol.UDP;
    batch.dstPort[row] = 53;
    batch.dnsQuery[row] = 1;
    batch.dnsResponse[row] = 0;
    batch.dnsQname.set(row, `host-${random(500)}.example.org`);
    batch.dnsQtype[row] = 1;
    return;
  }
  batch.protocol[row] = Protocol.TCP;
  batch.dstPort[row] = [22, 80, 443, 8080][random(4)] ?? 80;
  batch.tcpFlags[row] = [2, 16, 18, 24][random(4)] ?? 16;
  batch.seq[row] = random(2 ** 32);
  batch.ack[row] = random(2 ** 32);
  if (random(20) > 0) return;
  batch.httpMethod.set(row, 'GET');
  batch.httpPath.set(row, `/page/${random(1000)}?q=${random(100)}`);
  batch.httpHost.set(row, 'www.example.org');
}

function addArp(batch: PacketBatch, row: number, random: (below: number) => number) {
  batch.protocol[row] = Protocol.ARP;
  batch.arpOp[row] = 1;
  batch.arpPsrc[row] = (0x0a000000 + random(50)) >>> 0;
  batch.arpPdst[row] = (0x0a000000 + random(50)) >>> 0;
  batch.arpHwsrc[row] = 0x02_00_00_00_00_00 + random(20);
  batch.arpHwdst[row] = 0;
}

export function flowRecord(change: Partial<FlowRecord> & { id: number }): FlowRecord {
  return {
    sensorId: 'sensor-1',
    firstSeenMicros: 1_700_000_000_000_000,
    lastSeenMicros: 1_700_000_002_000_001,
    srcIp: '198.51.100.7',
    dstIp: '10.0.0.1',
    srcPort: 40_000,
    dstPort: 443,
    protocol: 'TCP',
    srcMac: '02:00:00:00:00:01',
    dstMac: null,
    vlan: null,
    packetsFwd: 6,
    packetsBwd: 4,
    bytesFwd: 900,
    bytesBwd: 100,
    payloadFwd: 500,
    payloadBwd: 20,
    tcpFlagsFwd: 0x1a,
    tcpFlagsBwd: 0x12,
    connState: 'SF',
    history: 'ShADadFf',
    endReason: 'closed',
    service: 'tls',
    connectionAttempts: 1,
    isValidated: true,
    handshakeMicros: 1234,
    retransmissions: 0,
    ttlFwd: 64,
    ttlBwd: 64,
    initialWindowFwd: 65_535,
    initialWindowBwd: 65_535,
    lengthFwd: NO_MOMENTS,
    lengthBwd: NO_MOMENTS,
    gapFwd: NO_MOMENTS,
    gapBwd: NO_MOMENTS,
    firstPayloadEntropy: Number.NaN,
    tlsSni: 'www.example.org',
    ja4: null,
    hassh: null,
    communityId: '1:abc=',
    verdict: null,
    ...change,
  };
}

export function windowRow(change: Partial<WindowRow> = {}): WindowRow {
  return {
    size: 5,
    startMicros: 1_700_000_000_000_000,
    scope: 'source',
    entity: '198.51.100.7',
    sensorId: 'sensor-1',
    completeness: 1,
    values: Float64Array.from({ length: FEATURE_COUNT }, (_, index) => index + 0.1),
    verdict: null,
    ...change,
  };
}

export function alertOf(change: Partial<Alert> & { id: string }): Alert {
  return {
    alert_type: 'Port_Scan',
    severity: 'Medium',
    source_ip: '198.51.100.7',
    destination_ip: null,
    destination_port: null,
    protocol: 'TCP',
    confidence: 0.75,
    description: '198.51.100.7 tried 40 ports',
    first_seen: 1_700_000_000.000001,
    last_seen: 1_700_000_004.123457,
    detected_at: 1_700_000_003.3,
    created_at: null,
    packet_count: 40,
    byte_count: 2400,
    flow_count: 40,
    window_size: 5,
    sensor_id: 'sensor-1',
    mitre: ['T1595.001'],
    evidence: [],
    explanation: [],
    model: null,
    decision: 'ALERT',
    status: 'open',
    resolved_at: null,
    packets: [],
    ...change,
  };
}
