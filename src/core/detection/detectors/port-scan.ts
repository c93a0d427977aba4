/**
 * Port_Scan: one source tries many ports of one target (vertical), or one port of many targets
 * (horizontal), and hardly any attempt becomes a conversation; or the sources of one network share the ports of one
 * target among them, so that none of them does enough (distributed). Attempts that are answered are taken
 * back, so a monitor that touches the same open ports for ever never counts, and where a conversation came about
 * before, a later attempt in vain is an outage. Who gets through at more new ports than not is no scanner. Decoys are caught each by themselves; slow scans by `sequential-scan`.
 * After Jung et al., "Fast Portscan Detection Using Sequential Hypothesis Testing" (2004): failure at the first
 * contact, not volume, is the sign. Distributed: Gates, "Coordinated Scan Detection" (NDSS 2009).
 */
import { type PacketBatch, Protocol } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { AttemptTable } from '../attempt-table.ts';
import { ContactSketch } from '../contact-sketch.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { pairKey } from '../endpoint.ts';
import { type Observation, Sight } from '../observation.ts';

export const portScanDefaults = {
  /** Distinct unanswered ports of one target. */
  min_ports: 15,
  /** Distinct targets with an unanswered attempt at one port. */
  min_targets: 20,
  /** The same where the port is 80 or 443: apps without an uplink try many servers. */
  min_web_targets: 100,
  /** Distinct unanswered TCP ports of one target, tried by a network of which no source reaches `min_ports`, … */
  min_network_ports: 40,
  /** … and by how many sources at least. */
  min_network_sources: 4,
  /** How long an unanswered attempt is remembered, s. */
  memory_s: 300,
  /** Unanswered attempts remembered in all; the longest quiet scanner is forgotten first. */
  max_attempts: 200_000,
};

/** What a series is: its ports are of one target, its targets are tried at one port, or its ports are a network's. */
const Shape = { VERTICAL: 0, HORIZONTAL: 1, DISTRIBUTED: 2 } as const;

/** (source, target), (source, port) and (network, target) pairs remembered; the longest quiet is forgotten first. */
const MAX_SERIES = 65_536;

/** A source's first attempt is only noted in a sketch: a flood from forged sources creates no state. */
const SOURCE_BITS = 1 << 22;
/** Services at which a source has been: 100,000 of them take a tenth of the bits. */
const SERVICE_BITS = 1 << 20;
const SERVICE_MEMORY_S = 3_600;

export class PortScanDetector implements Detector {
  readonly name = 'port-scan';
  readonly sights = Sight.OPENING | Sight.DATAGRAM;
  readonly #limits: typeof portScanDefaults;
  readonly #report: Report;
  readonly #table: AttemptTable;
  readonly #sources: ContactSketch;
  readonly #services = new ContactSketch(SERVICE_BITS, SERVICE_MEMORY_S * 1e6);

  constructor(limits: typeof portScanDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#table = new AttemptTable(limits.max_attempts, MAX_SERIES);
    this.#sources = new ContactSketch(SOURCE_BITS, limits.memory_s * 1e6);
  }

  get evictions(): number {
    return this.#table.evictions;
  }

  observe(seen: Observation): void {
    const protocol = seen.batch.protocol[seen.row]!;
    if (protocol !== Protocol.TCP && protocol !== Protocol.UDP) return;
    if (seen.isAttempt && seen.isFromOriginator) this.#attempt(seen, protocol);
    else if (seen.isHandshakeEnd) this.#answered(seen.sourceKey, seen.targetKey, seen, 'dst');
    else if (seen.isFirstAnswer && !refuses(seen))
      this.#answered(seen.targetKey, seen.sourceKey, seen, 'src');
  }

  endStep(endMicros: number): void {
    const table = this.#table;
    const oldest = endMicros - this.#limits.memory_s * 1e6;
    for (const series of table.takeTouched()) {
      const pruned = table.prune(series, oldest);
      if (!Number.isNaN(pruned)) table.series.firstMicros[series] = pruned;
      const { size, answered } = table.series;
      const limit = Math.max(this.#limitOf(series), answered[series]!);
      if (size[series]! >= limit) this.#tell(series, limit, endMicros);
    }
  }

  #attempt(seen: Observation, protocol: number): void {
    const { batch, row, sourceKey, targetKey } = seen;
    const port = batch.dstPort[row]!;
    if (port < 0) return;
    if (
      protocol === Protocol.UDP &&
      (isTraceroute(port) || isGroup(batch.dst, row, batch.ipVersion[row]!))
    )
      return;
    if (!this.#sources.note(sourceKey, seen.tsMicros)) return;
    if (this.#services.has(serviceKey(sourceKey, targetKey, protocol, port))) return;
    const own = this.#note(pairKey(sourceKey, targetKey), port, seen, Shape.VERTICAL);
    const { size } = this.#table.series;
    if (protocol === Protocol.TCP) this.#noteNetwork(size[own]!, port, seen);
    this.#note(pairKey(sourceKey, sweepKey(protocol, port)), targetKey, seen, Shape.HORIZONTAL);
  }

  #noteNetwork(ownSize: number, port: number, seen: Observation): void {
    const key = pairKey(networkKey(seen.batch, seen.row), seen.targetKey);
    const series = this.#note(key, port, seen, Shape.DISTRIBUTED);
    const columns = this.#table.series;
    columns.sourceBits[series]! |= 1 << (pairKey(seen.sourceKey, 0) & 31);
    columns.largestPart[series] = Math.max(columns.largestPart[series]!, ownSize);
  }

  #note(key: number, what: number, seen: Observation, shape: number): number {
    const { batch, row } = seen;
    const table = this.#table;
    let series = table.find(key);
    if (series < 0) {
      series = table.begin(key);
      table.series.protocol[series] = batch.protocol[row]!;
      table.series.ipVersion[series] = batch.ipVersion[row]!;
      table.series.shape[series] = shape;
      for (let word = 0; word < 4; word++) {
        table.series.addresses[8 * series + word] = batch.src[4 * row + word]!;
        table.series.addresses[8 * series + 4 + word] = batch.dst[4 * row + word]!;
      }
    }
    const columns = table.series;
    if (columns.size[series] === 0) {
      // All that was tried before was answered or is long ago.
      columns.answered[series] = 0;
      columns.firstMicros[series] = seen.tsMicros;
    }
    columns.packets[series]!++;
    columns.bytes[series]! += batch.wireLength[row]!;
    columns.port[series] = batch.dstPort[row]!;
    table.note(series, what, seen.tsMicros);
    return series;
  }

  /** The conversation came about: `source` did not scan here. */
  #answered(source: number, target: number, seen: Observation, portOf: 'src' | 'dst'): void {
    const { batch, row } = seen;
    const table = this.#table;
    const port = portOf === 'dst' ? batch.dstPort[row]! : batch.srcPort[row]!;
    const protocol = batch.protocol[row]!;
    const service = serviceKey(source, target, protocol, port);
    const isKnown = this.#services.note(service, seen.tsMicros);
    const vertical = table.find(pairKey(source, target));
    const horizontal = table.find(pairKey(source, sweepKey(protocol, port)));
    if (vertical >= 0) table.remove(vertical, port);
    if (horizontal >= 0) table.remove(horizontal, target);
    if (isKnown) return;
    const { answered } = table.series;
    if (vertical >= 0) answered[vertical]!++;
    if (horizontal >= 0) answered[horizontal]!++;
  }

  /** Attempts in vain that make a scan of the series; Infinity: it is none, however many. */
  #limitOf(series: number): number {
    const { shape, port, sourceBits, largestPart } = this.#table.series;
    const { min_ports, min_network_ports, min_network_sources } = this.#limits;
    if (shape[series] === Shape.VERTICAL) return min_ports;
    if (shape[series] === Shape.DISTRIBUTED) {
      const isShared = countBits(sourceBits[series]!) >= min_network_sources;
      return isShared && largestPart[series]! < min_ports
        ? min_network_ports
        : Number.POSITIVE_INFINITY;
    }
    const isWeb = port[series] === 80 || port[series] === 443;
    return isWeb ? this.#limits.min_web_targets : this.#limits.min_targets;
  }

  #tell(series: number, limit: number, atMicros: number): void {
    const columns = this.#table.series;
    const count = columns.size[series]!;
    const port = columns.port[series]!;
    const packets = columns.packets[series]!;
    const shape = columns.shape[series]!;
    const isAtOnePort = shape === Shape.HORIZONTAL;
    const sources = shape === Shape.DISTRIBUTED ? countBits(columns.sourceBits[series]!) : 1;
    const firstMicros = columns.firstMicros[series]!;
    const version = columns.ipVersion[series]!;
    const seconds = Math.max(1, (atMicros - firstMicros) / 1e6);
    const sourceIp = formatIp(columns.addresses, 8 * series, version);
    const targetIp = isAtOnePort ? null : formatIp(columns.addresses, 8 * series + 4, version);
    const who = sources === 1 ? sourceIp : `${sources} or more hosts of the network of ${sourceIp}`;
    this.#report({
      kind: 'Port_Scan',
      detector: this.name,
      atMicros,
      firstMicros,
      sourceIp: sources === 1 ? sourceIp : null,
      targetIp,
      targetPort: isAtOnePort ? port : null,
      protocol: columns.protocol[series] === Protocol.TCP ? 'TCP' : 'UDP',
      confidence: confidenceOf(count, limit),
      summary: isAtOnePort
        ? `${who} tried ${count} targets in vain on port ${port} within ${Math.round(seconds)} s`
        : `${who} tried ${count} ports of ${targetIp} in vain within ${Math.round(seconds)} s`,
      numbers: {
        [isAtOnePort ? 'targets' : 'ports']: count,
        seconds,
        attempts: packets,
        ...(sources === 1 ? {} : { sources }),
      },
      thresholds: {
        [isAtOnePort ? 'targets' : 'ports']: limit,
        ...(sources === 1 ? {} : { sources: this.#limits.min_network_sources }),
      },
      // An attempt in vain has no handshake: it could have been sent in anybody's name.
      provenConfidence: 0,
      packets,
      bytes: columns.bytes[series]!,
      flows: packets,
    });
    columns.packets[series] = 0;
    columns.bytes[series] = 0;
  }

  save(writer: StateWriter): void {
    this.#table.save(writer);
    this.#sources.save(writer);
    this.#services.save(writer);
  }

  load(reader: StateReader): void {
    this.#table.load(reader);
    this.#sources.load(reader);
    this.#services.load(reader);
  }
}

function refuses(seen: Observation): boolean {
  const flags = seen.batch.tcpFlags[seen.row]!;
  // A SYN-ACK alone is not yet a conversation: half-open scans stop there.
  return flags >= 0 && (flags & 0x06) !== 0;
}

/** Negative: no endpoint key is. */
function sweepKey(protocol: number, port: number): number {
  return -1 - protocol - 8 * port;
}

function serviceKey(source: number, target: number, protocol: number, port: number): number {
  return pairKey(pairKey(source, target), sweepKey(protocol, port));
}

/** The /24 of IPv4, the /64 of IPv6; no endpoint's key is likely to be the same. */
function networkKey({ src, ipVersion }: PacketBatch, row: number): number {
  const at = 4 * row;
  return ipVersion[row] === 6
    ? pairKey(src[at]!, src[at + 1]!)
    : pairKey(src[at + 3]! >>> 8, 0x2f18);
}

function countBits(word: number): number {
  let count = 0;
  for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}

function isTraceroute(port: number): boolean {
  return port >= 33_434 && port <= 33_534;
}

function isGroup(words: Uint32Array, row: number, ipVersion: number): boolean {
  if (ipVersion === 6) return words[4 * row]! >>> 24 === 0xff;
  const address = words[4 * row + 3]!;
  return address >>> 28 === 0xe || (address & 0xff) === 0xff;
}
