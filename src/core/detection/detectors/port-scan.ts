/**
 * Port_Scan: one source tries many ports of one target (vertical), or one port of many targets
 * (horizontal), and hardly any attempt becomes a conversation. Attempts that are answered are taken
 * back, so a monitor that touches the same open ports for ever never counts. Slow scans are caught by
 * the length of the memory, decoys each by themselves. After Jung et al., "Fast Portscan Detection
 * Using Sequential Hypothesis Testing" (2004): failure, not volume, is the sign.
 */
import { Protocol } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { AttemptTable } from '../attempt-table.ts';
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
  /** How long an unanswered attempt is remembered, s. */
  memory_s: 300,
  /** Unanswered attempts remembered in all; the longest quiet scanner is forgotten first. */
  max_attempts: 200_000,
};

/** (source, target) and (source, port) pairs remembered; the longest quiet is forgotten first. */
const MAX_SERIES = 65_536;

/**
 * A source's first attempt is only counted in a sketch, one bit each: a flood from forged sources creates no state.
 * Half full after three million sources; of a known bit the first attempt counts as the second.
 */
const SKETCH_BITS = 1 << 22;

export class PortScanDetector implements Detector {
  readonly name = 'port-scan';
  readonly sights = Sight.OPENING | Sight.DATAGRAM;
  readonly #limits: typeof portScanDefaults;
  readonly #report: Report;
  readonly #table: AttemptTable;
  readonly #sketch = new Uint32Array(SKETCH_BITS / 32);
  #sketchEndMicros = 0;

  constructor(limits: typeof portScanDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#table = new AttemptTable(limits.max_attempts, MAX_SERIES);
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
      const limit = this.#limitOf(series);
      if (table.series.size[series]! >= limit) this.#tell(series, limit, endMicros);
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
    if (this.#isFirstContact(sourceKey, seen.tsMicros)) return;
    this.#note(pairKey(sourceKey, targetKey), port, seen, true);
    this.#note(pairKey(sourceKey, sweepKey(protocol, port)), targetKey, seen, false);
  }

  #note(key: number, what: number, seen: Observation, isVertical: boolean): void {
    const { batch, row } = seen;
    const table = this.#table;
    let series = table.find(key);
    if (series < 0) {
      series = table.begin(key);
      table.series.firstMicros[series] = seen.tsMicros;
      table.series.protocol[series] = batch.protocol[row]!;
      table.series.ipVersion[series] = batch.ipVersion[row]!;
      table.series.isVertical[series] = isVertical ? 1 : 0;
      for (let word = 0; word < 4; word++) {
        table.series.addresses[8 * series + word] = batch.src[4 * row + word]!;
        table.series.addresses[8 * series + 4 + word] = batch.dst[4 * row + word]!;
      }
    }
    const columns = table.series;
    columns.packets[series]!++;
    columns.bytes[series]! += batch.wireLength[row]!;
    columns.port[series] = batch.dstPort[row]!;
    table.note(series, what, seen.tsMicros);
  }

  /** The conversation came about: `source` did not scan here. */
  #answered(source: number, target: number, seen: Observation, portOf: 'src' | 'dst'): void {
    const { batch, row } = seen;
    const table = this.#table;
    const port = portOf === 'dst' ? batch.dstPort[row]! : batch.srcPort[row]!;
    const vertical = table.find(pairKey(source, target));
    if (vertical >= 0) table.remove(vertical, port);
    const horizontal = table.find(pairKey(source, sweepKey(batch.protocol[row]!, port)));
    if (horizontal >= 0) table.remove(horizontal, target);
  }

  #limitOf(series: number): number {
    const { isVertical, port } = this.#table.series;
    if (isVertical[series] === 1) return this.#limits.min_ports;
    const isWeb = port[series] === 80 || port[series] === 443;
    return isWeb ? this.#limits.min_web_targets : this.#limits.min_targets;
  }

  #tell(series: number, limit: number, atMicros: number): void {
    const columns = this.#table.series;
    const count = columns.size[series]!;
    const port = columns.port[series]!;
    const packets = columns.packets[series]!;
    const isVertical = columns.isVertical[series] === 1;
    const firstMicros = columns.firstMicros[series]!;
    const version = columns.ipVersion[series]!;
    const seconds = Math.max(1, (atMicros - firstMicros) / 1e6);
    const sourceIp = formatIp(columns.addresses, 8 * series, version);
    const targetIp = isVertical ? formatIp(columns.addresses, 8 * series + 4, version) : null;
    this.#report({
      kind: 'Port_Scan',
      detector: this.name,
      atMicros,
      firstMicros,
      sourceIp,
      targetIp,
      targetPort: isVertical ? null : port,
      protocol: columns.protocol[series] === Protocol.TCP ? 'TCP' : 'UDP',
      confidence: confidenceOf(count, limit),
      summary: isVertical
        ? `${sourceIp} tried ${count} ports of ${targetIp} in vain within ${Math.round(seconds)} s`
        : `${sourceIp} tried ${count} targets in vain on port ${port} within ${Math.round(seconds)} s`,
      numbers: { [isVertical ? 'ports' : 'targets']: count, seconds, attempts: packets },
      thresholds: { [isVertical ? 'ports' : 'targets']: limit },
      // An attempt in vain has no handshake: it could have been sent in anybody's name.
      provenConfidence: 0,
      packets,
      bytes: columns.bytes[series]!,
      flows: packets,
    });
    columns.packets[series] = 0;
    columns.bytes[series] = 0;
  }

  #isFirstContact(sourceKey: number, tsMicros: number): boolean {
    if (tsMicros >= this.#sketchEndMicros) {
      this.#sketch.fill(0);
      this.#sketchEndMicros = tsMicros + this.#limits.memory_s * 1e6;
    }
    const place = (pairKey(sourceKey, 0x5ca9) >>> 0) & (SKETCH_BITS - 1);
    const bit = 1 << (place & 31);
    if ((this.#sketch[place >>> 5]! & bit) !== 0) return false;
    this.#sketch[place >>> 5]! |= bit;
    return true;
  }

  save(writer: StateWriter): void {
    this.#table.save(writer);
    writer.array(this.#sketch);
    writer.number(this.#sketchEndMicros);
  }

  load(reader: StateReader): void {
    this.#table.load(reader);
    reader.array(this.#sketch);
    this.#sketchEndMicros = reader.number();
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

function isTraceroute(port: number): boolean {
  return port >= 33_434 && port <= 33_534;
}

function isGroup(words: Uint32Array, row: number, ipVersion: number): boolean {
  if (ipVersion === 6) return words[4 * row]! >>> 24 === 0xff;
  const address = words[4 * row + 3]!;
  return address >>> 28 === 0xe || (address & 0xff) === 0xff;
}
