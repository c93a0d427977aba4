/**
 * Host_Discovery: one host asks after many addresses, by ARP on its own link or by ICMP echo, and hardly
 * any of them answers. A gateway or a monitor asks after the same hosts again and again; a sweep asks
 * after addresses that nobody has. Few addresses, of which many answer, may be what a monitor watches; but whoever asks
 * after the first and the last address of a network as well (its own and the broadcast address, RFC 1812 §4.2.2.11,
 * RFC 919) has counted through it: no host list has those.
 */
import { Protocol } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp, formatIpv4 } from '../../wire/address.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { type Observation, Sight } from '../observation.ts';

export const hostDiscoveryDefaults = {
  /** Distinct addresses asked after in vain within the window. */
  min_targets: 60,
  /** By ICMP: distinct addresses of one /24, its first and its last among them … */
  min_range_targets: 12,
  /** … and the share of them that did not answer. */
  min_range_silent: 0.2,
  window_s: 60,
  /** Hosts that ask, remembered; the oldest is forgotten first. */
  max_sources: 4_096,
  /** Silent addresses remembered over all hosts; past it the oldest host is forgotten. */
  max_addresses: 200_000,
};

/** Distinct addresses of one host are counted up to here. */
const MAX_TARGETS = 4_096;
/** Networks of one host whose addresses are counted. */
const MAX_RANGES = 8;
const ECHO_REQUEST = 8;
const ECHO_REPLY = 0;

interface Sweep {
  readonly sourceIp: string;
  readonly protocol: 'ARP' | 'ICMP';
  startMicros: number;
  readonly silent: Set<number>;
  /** By /24: a bit for each address that was asked after. */
  readonly ranges: Map<number, number[]>;
  packets: number;
  bytes: number;
}

export class HostDiscoveryDetector implements Detector {
  readonly name = 'host-discovery';
  readonly sights = Sight.ARP | Sight.DATAGRAM;
  evictions = 0;
  readonly #limits: typeof hostDiscoveryDefaults;
  readonly #report: Report;
  readonly #sweeps = new Map<string, Sweep>(); // oldest first
  #addresses = 0;

  constructor(limits: typeof hostDiscoveryDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
  }

  observe(seen: Observation): void {
    const { batch, row } = seen;
    if (batch.protocol[row] === Protocol.ARP) this.#observeArp(seen);
    else if (batch.protocol[row] === Protocol.ICMP) {
      const type = batch.icmpType[row];
      if (type === ECHO_REQUEST) this.#ask('ICMP', seen.sourceKey, seen.targetKey, seen);
      else if (type === ECHO_REPLY) this.#answer('ICMP', seen.targetKey, seen.sourceKey);
    }
  }

  endStep(endMicros: number): void {
    for (const [key, sweep] of this.#sweeps) {
      if (sweep.silent.size >= this.#limits.min_targets) this.#tell(sweep, endMicros);
      else this.#judgeRanges(sweep, endMicros);
      if (endMicros - sweep.startMicros >= this.#limits.window_s * 1e6) this.#forget(key, sweep);
    }
  }

  #forget(key: string, sweep: Sweep): void {
    this.#sweeps.delete(key);
    this.#addresses -= sweep.silent.size;
  }

  #evictOldest(): void {
    const [oldest] = this.#sweeps;
    if (oldest) this.#forget(...oldest);
    this.evictions++;
  }

  #observeArp(seen: Observation): void {
    const { batch, row } = seen;
    const from = batch.arpPsrc[row]!;
    const about = batch.arpPdst[row]!;
    if (batch.arpOp[row] === 2) this.#answer('ARP', about, from);
    // Probes and announcements ask after one's own address.
    else if (batch.arpOp[row] === 1 && from !== 0 && from !== about)
      this.#ask('ARP', from, about, seen);
  }

  #ask(protocol: Sweep['protocol'], source: number, target: number, seen: Observation): void {
    const { batch, row } = seen;
    const key = `${protocol} ${source}`;
    let sweep = this.#sweeps.get(key);
    if (!sweep) {
      const sourceIp = protocol === 'ARP' ? formatIpv4(source) : formatIp(batch.src, 4 * row, 4);
      sweep = {
        sourceIp,
        protocol,
        startMicros: seen.tsMicros,
        silent: new Set(),
        ranges: new Map(),
        packets: 0,
        bytes: 0,
      };
      this.#sweeps.set(key, sweep);
      if (this.#sweeps.size > this.#limits.max_sources) this.#evictOldest();
    }
    sweep.packets++;
    sweep.bytes += batch.wireLength[row]!;
    if (protocol === 'ICMP') noteInRange(sweep.ranges, target);
    if (sweep.silent.size >= MAX_TARGETS || sweep.silent.has(target)) return;
    sweep.silent.add(target);
    this.#addresses++;
    while (this.#addresses > this.#limits.max_addresses) this.#evictOldest();
  }

  #answer(protocol: Sweep['protocol'], asker: number, target: number): void {
    if (this.#sweeps.get(`${protocol} ${asker}`)?.silent.delete(target)) this.#addresses--;
  }

  #judgeRanges(sweep: Sweep, atMicros: number): void {
    const { min_range_targets, min_range_silent } = this.#limits;
    for (const [network, bits] of sweep.ranges) {
      if (!hasBit(bits, 0) || !hasBit(bits, 255)) continue;
      const asked = bits.reduce((sum, word) => sum + countBits(word), 0);
      if (asked < min_range_targets) continue;
      let silent = 0;
      for (const address of sweep.silent) if (address >>> 8 === network) silent++;
      if (silent >= min_range_silent * asked)
        this.#tellRange(sweep, network, asked, silent, atMicros);
    }
  }

  #tellRange(sweep: Sweep, network: number, asked: number, silent: number, atMicros: number): void {
    const { sourceIp, protocol, startMicros, packets, bytes } = sweep;
    const { min_range_targets, min_range_silent } = this.#limits;
    const seconds = (atMicros - startMicros) / 1e6;
    const range = formatIpv4((network << 8) >>> 0);
    this.#report({
      ...{ kind: 'Host_Discovery', detector: this.name, atMicros, firstMicros: startMicros },
      ...{ sourceIp, targetIp: null, targetPort: null, protocol },
      confidence: confidenceOf(asked, min_range_targets),
      summary: `${sourceIp} asked by ${protocol} after ${asked} addresses of ${range}/24, its first and its last among them, within ${Math.ceil(seconds)} s; ${silent} did not answer`,
      numbers: { range_targets: asked, silent_ratio: silent / asked, seconds },
      thresholds: { range_targets: min_range_targets, silent_ratio: min_range_silent },
      ...{ provenConfidence: 0, packets, bytes, flows: 0 },
    });
    sweep.packets = 0;
    sweep.bytes = 0;
  }

  #tell(sweep: Sweep, atMicros: number): void {
    const { sourceIp, protocol, startMicros, silent, packets, bytes } = sweep;
    const seconds = (atMicros - startMicros) / 1e6;
    this.#report({
      kind: 'Host_Discovery',
      detector: this.name,
      atMicros,
      firstMicros: startMicros,
      sourceIp,
      targetIp: null,
      targetPort: null,
      protocol,
      confidence: confidenceOf(silent.size, this.#limits.min_targets),
      summary: `${sourceIp} asked by ${protocol} after ${silent.size} addresses that did not answer, within ${Math.round(seconds)} s`,
      numbers: { targets: silent.size, seconds },
      thresholds: { targets: this.#limits.min_targets },
      // Neither protocol has a handshake.
      provenConfidence: 0,
      packets,
      bytes,
      flows: 0,
    });
    sweep.packets = 0;
    sweep.bytes = 0;
  }

  save(writer: StateWriter): void {
    writer.number(this.#sweeps.size);
    for (const [key, { silent, ranges, ...rest }] of this.#sweeps) {
      writer.json([key, rest]);
      writer.json([...ranges]);
      writer.numbers([...silent]);
    }
    writer.number(this.evictions);
  }

  load(reader: StateReader): void {
    for (let left = reader.count(this.#limits.max_sources); left > 0; left--) {
      const [key, rest] = reader.json() as [string, Omit<Sweep, 'silent' | 'ranges'>];
      const ranges = new Map(reader.json() as [number, number[]][]);
      const silent = new Set(reader.numbers());
      this.#sweeps.set(key, { ...rest, silent, ranges });
      this.#addresses += silent.size;
    }
    this.evictions = reader.number();
  }
}

function noteInRange(ranges: Sweep['ranges'], address: number): void {
  const network = address >>> 8;
  let bits = ranges.get(network);
  if (bits === undefined) {
    if (ranges.size >= MAX_RANGES) return;
    bits = [0, 0, 0, 0, 0, 0, 0, 0];
    ranges.set(network, bits);
  }
  const host = address & 0xff;
  bits[host >>> 5]! |= 1 << (host & 31);
}

function hasBit(bits: readonly number[], host: number): boolean {
  return ((bits[host >>> 5]! >>> (host & 31)) & 1) !== 0;
}

function countBits(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}
