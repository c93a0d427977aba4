/**
 * C2_Beacon: a host inside opens one connection after the other to the same service outside, at even intervals and of
 * like size, each short and small, and hardly any other host inside speaks to that address. Ordinary programs come in
 * bursts and carry what people ask for; what many hosts use is a service. Services that keep time by design (NTP, DNS)
 * and checks that stay inside are no beacons; a program that asks its maker for updates every minute looks the same,
 * which is why this never blocks. At shorter intervals than the lowest nothing tells the two apart: a bridge of lamps
 * asks its maker every two seconds, alike in every measure.
 *
 * Inside is what has a private address, or is seen to be on this side: its packets have crossed no router (their TTL is
 * one that systems begin with) and the answers have.
 */
import type { FlowRecord } from '../../../contract/flow.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { isGroup, isInside } from '../inside.ts';
import { RecentMap } from '../recent-map.ts';

export const beaconDefaults = {
  /** Connections in a row at even intervals. */
  min_connections: 12,
  /** Median interval, s: programs try again faster, malware has time. */
  min_interval_s: 5,
  max_interval_s: 3_600,
  /** Mean distance of the intervals from their median, over the median. Jitter of ±30 % gives 0.15. */
  max_jitter: 0.2,
  /** The same of the bytes that the host sent: "I am here, is there work?" is one message. */
  max_size_spread: 0.03,
  /** Larger conversations carry something else, payload bytes of both sides. */
  max_bytes: 20_000,
  /** Hosts inside that speak to the address, at most. */
  max_hosts: 2,
  /** (host, service) pairs, and addresses outside, remembered; the longest quiet is forgotten first. */
  max_pairs: 16_384,
  max_addresses: 16_384,
};

/** Connections of a pair that are looked at: the latest. */
const MAX_CONNECTIONS = 24;
/** What systems begin with; what has crossed a router has one less at the least. */
const INITIAL_TTLS: ReadonlySet<number> = new Set([64, 128, 255]);
const PERIODIC_SERVICES: ReadonlySet<string> = new Set(['ntp', 'dns', 'mdns', 'llmnr', 'ssdp']);
const PERIODIC_PORTS: ReadonlySet<number> = new Set([53, 123, 853]);

interface Series {
  /** Starts of the connections, µs, oldest first. */
  readonly starts: number[];
  /** Payload bytes that the host sent in each. */
  readonly sizes: number[];
  packets: number;
  bytes: number;
  flows: number;
}

export class BeaconDetector implements Detector {
  readonly name = 'beacon';
  readonly sights = 0;
  readonly #limits: typeof beaconDefaults;
  readonly #report: Report;
  readonly #series: RecentMap<string, Series>;
  /** By address outside: hosts inside that speak to it, one more than `max_hosts` at most. */
  readonly #visitors: RecentMap<string, string[]>;

  constructor(limits: typeof beaconDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#series = new RecentMap(limits.max_pairs);
    this.#visitors = new RecentMap(limits.max_addresses);
  }

  get evictions(): number {
    return this.#series.evictions + this.#visitors.evictions;
  }

  observe(): void {}

  endFlow(flow: FlowRecord): void {
    if (!isOutbound(flow)) return;
    const visitors = this.#visitors.touch(flow.dstIp, () => []);
    if (visitors.length <= this.#limits.max_hosts && !visitors.includes(flow.srcIp))
      visitors.push(flow.srcIp);
    if (visitors.length > this.#limits.max_hosts || !isCall(flow, this.#limits.max_bytes)) return;
    const key = `${flow.srcIp} ${flow.dstIp} ${flow.dstPort} ${flow.protocol}`;
    const series = this.#series.touch(key, newSeries);
    // Flows end in the order of their ends, which may not be that of their starts.
    const at = series.starts.findLastIndex((start) => start <= flow.firstSeenMicros) + 1;
    series.starts.splice(at, 0, flow.firstSeenMicros);
    series.sizes.splice(at, 0, flow.payloadFwd);
    if (series.starts.length > MAX_CONNECTIONS) {
      series.starts.shift();
      series.sizes.shift();
    }
    series.packets += flow.packetsFwd + flow.packetsBwd;
    series.bytes += flow.bytesFwd + flow.bytesBwd;
    series.flows++;
    this.#judge(series, flow);
  }

  #judge(series: Series, flow: FlowRecord): void {
    const limits = this.#limits;
    const connections = series.starts.length;
    if (connections < limits.min_connections) return;
    const intervals = series.starts
      .slice(1)
      .map((start, i) => (start - (series.starts[i] ?? start)) / 1e6);
    const interval = median(intervals);
    if (interval < limits.min_interval_s || interval > limits.max_interval_s) return;
    const jitter = spread(intervals, interval);
    const sizeSpread = spread(series.sizes, median(series.sizes));
    if (jitter > limits.max_jitter || sizeSpread > limits.max_size_spread) return;
    const { srcIp, dstIp, dstPort, protocol } = flow;
    this.#report({
      kind: 'C2_Beacon',
      detector: this.name,
      atMicros: flow.lastSeenMicros,
      firstMicros: series.starts[0] ?? flow.firstSeenMicros,
      sourceIp: srcIp,
      targetIp: dstIp,
      targetPort: dstPort,
      protocol,
      confidence: confidenceOf(connections, limits.min_connections),
      summary: `${srcIp} calls ${dstIp}:${dstPort} every ${interval.toFixed(1)} s (± ${(100 * jitter).toFixed(0)} %), ${connections} times in a row with messages of like size`,
      numbers: { connections, interval_s: interval, jitter, size_spread: sizeSpread },
      thresholds: {
        connections: limits.min_connections,
        jitter: limits.max_jitter,
        size_spread: limits.max_size_spread,
      },
      provenConfidence: 0,
      packets: series.packets,
      bytes: series.bytes,
      flows: series.flows,
    });
    series.packets = 0;
    series.bytes = 0;
    series.flows = 0;
  }

  save(writer: StateWriter): void {
    this.#series.save(writer);
    this.#visitors.save(writer);
  }

  load(reader: StateReader): void {
    this.#series.load(reader);
    this.#visitors.load(reader);
  }
}

function isOutbound(flow: FlowRecord): boolean {
  const { protocol, isValidated, srcIp, dstIp } = flow;
  if (protocol === 'TCP' ? !isValidated : protocol !== 'UDP') return false;
  return (isInside(srcIp) || isOnThisSide(flow)) && !isInside(dstIp) && !isGroup(dstIp);
}

function isOnThisSide({ ttlFwd, ttlBwd }: FlowRecord): boolean {
  return INITIAL_TTLS.has(ttlFwd) && ttlBwd > 0 && !INITIAL_TTLS.has(ttlBwd);
}

function isCall({ payloadFwd, payloadBwd, dstPort, service }: FlowRecord, maxBytes: number) {
  if (payloadFwd === 0 || payloadFwd + payloadBwd > maxBytes) return false;
  return !PERIODIC_PORTS.has(dstPort) && !PERIODIC_SERVICES.has(service ?? '');
}

function newSeries(): Series {
  return { starts: [], sizes: [], packets: 0, bytes: 0, flows: 0 };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Mean distance from `centre`, over it. */
function spread(values: readonly number[], centre: number): number {
  const sum = values.reduce((total, value) => total + Math.abs(value - centre), 0);
  return sum / values.length / Math.max(centre, Number.MIN_VALUE);
}
