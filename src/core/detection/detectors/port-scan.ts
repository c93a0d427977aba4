/**
 * Port_Scan: one source tries many ports of one target (vertical), or one port of many targets
 * (horizontal), and hardly any attempt becomes a conversation. Attempts that are answered are taken
 * back, so a monitor that touches the same open ports for ever never counts. Slow scans are caught by
 * the length of the memory, decoys each by themselves. After Jung et al., "Fast Portscan Detection
 * Using Sequential Hypothesis Testing" (2004): failure, not volume, is the sign.
 */
import { Protocol } from '../../../contract/packet-batch.ts';
import { formatIp } from '../../wire/address.ts';
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

/** Attempts of one source, either at the ports of one target or at many targets. */
interface Tries {
  readonly sourceIp: string;
  readonly targetIp: string | null;
  readonly protocol: string;
  /** Port, or target key, to the time of the attempt; oldest first. */
  readonly open: Map<number, number>;
  /** The port tried last; of a horizontal scan, the port. */
  port: number;
  packets: number;
  bytes: number;
  firstMicros: number;
}

/** A source's first attempt is only counted in a sketch: a flood from forged sources creates no state. */
const SKETCH_BYTES = 1 << 17;

export class PortScanDetector implements Detector {
  readonly name = 'port-scan';
  readonly sights = Sight.OPENING | Sight.DATAGRAM;
  evictions = 0;
  readonly #limits: typeof portScanDefaults;
  readonly #report: Report;
  readonly #tries = new Map<number, Tries>(); // longest quiet first
  readonly #touched = new Set<number>();
  readonly #sketch = new Uint8Array(SKETCH_BYTES);
  #sketchEndMicros = 0;
  #attempts = 0;

  constructor(limits: typeof portScanDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
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
    const oldest = endMicros - this.#limits.memory_s * 1e6;
    for (const key of this.#touched) {
      const tries = this.#tries.get(key);
      if (!tries) continue;
      this.#prune(tries, oldest);
      const limit = this.#limitOf(tries);
      if (tries.open.size >= limit) this.#tell(tries, limit, endMicros);
    }
    this.#touched.clear();
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
    let tries = this.#tries.get(key);
    if (tries) {
      // Moved to the end: the map's order is the order of eviction.
      this.#tries.delete(key);
    } else {
      const version = batch.ipVersion[row] === 6 ? 6 : 4;
      tries = {
        sourceIp: formatIp(batch.src, 4 * row, version),
        targetIp: isVertical ? formatIp(batch.dst, 4 * row, version) : null,
        protocol: batch.protocol[row] === Protocol.TCP ? 'TCP' : 'UDP',
        open: new Map(),
        port: -1,
        packets: 0,
        bytes: 0,
        firstMicros: seen.tsMicros,
      };
    }
    this.#tries.set(key, tries);
    tries.packets++;
    tries.bytes += batch.wireLength[row]!;
    tries.port = batch.dstPort[row]!;
    if (!tries.open.has(what)) this.#attempts++;
    tries.open.set(what, seen.tsMicros);
    this.#touched.add(key);
    while (this.#attempts > this.#limits.max_attempts) this.#evictLongestQuiet();
  }

  /** The conversation came about: `source` did not scan here. */
  #answered(source: number, target: number, seen: Observation, portOf: 'src' | 'dst'): void {
    const { batch, row } = seen;
    const port = portOf === 'dst' ? batch.dstPort[row]! : batch.srcPort[row]!;
    const vertical = this.#tries.get(pairKey(source, target));
    if (vertical?.open.delete(port)) this.#attempts--;
    const horizontal = this.#tries.get(pairKey(source, sweepKey(batch.protocol[row]!, port)));
    if (horizontal?.open.delete(target)) this.#attempts--;
  }

  #limitOf({ targetIp, port }: Tries): number {
    if (targetIp !== null) return this.#limits.min_ports;
    return port === 80 || port === 443 ? this.#limits.min_web_targets : this.#limits.min_targets;
  }

  #tell(tries: Tries, limit: number, atMicros: number): void {
    const count = tries.open.size;
    const isVertical = tries.targetIp !== null;
    const seconds = Math.max(1, (atMicros - tries.firstMicros) / 1e6);
    this.#report({
      kind: 'Port_Scan',
      detector: this.name,
      atMicros,
      firstMicros: tries.firstMicros,
      sourceIp: tries.sourceIp,
      targetIp: tries.targetIp,
      targetPort: isVertical ? null : tries.port,
      protocol: tries.protocol,
      confidence: confidenceOf(count, limit),
      summary: isVertical
        ? `${tries.sourceIp} tried ${count} ports of ${tries.targetIp} in vain within ${Math.round(seconds)} s`
        : `${tries.sourceIp} tried ${count} targets in vain on port ${tries.port} within ${Math.round(seconds)} s`,
      numbers: { [isVertical ? 'ports' : 'targets']: count, seconds, attempts: tries.packets },
      thresholds: { [isVertical ? 'ports' : 'targets']: limit },
      // An attempt in vain has no handshake: it could have been sent in anybody's name.
      provenConfidence: 0,
      packets: tries.packets,
      bytes: tries.bytes,
      flows: tries.packets,
    });
    tries.packets = 0;
    tries.bytes = 0;
  }

  #prune(tries: Tries, oldestMicros: number): void {
    for (const [what, tsMicros] of tries.open) {
      if (tsMicros >= oldestMicros) break;
      tries.open.delete(what);
      this.#attempts--;
      tries.firstMicros = tsMicros;
    }
  }

  #evictLongestQuiet(): void {
    const [first] = this.#tries;
    if (!first) return;
    this.#tries.delete(first[0]);
    this.#attempts -= first[1].open.size;
    this.evictions++;
  }

  #isFirstContact(sourceKey: number, tsMicros: number): boolean {
    if (tsMicros >= this.#sketchEndMicros) {
      this.#sketch.fill(0);
      this.#sketchEndMicros = tsMicros + this.#limits.memory_s * 1e6;
    }
    const place = Math.floor(pairKey(sourceKey, 0x5ca9)) % SKETCH_BYTES;
    if (this.#sketch[place]! > 0) return false;
    this.#sketch[place] = 1;
    return true;
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
