/**
 * Port_Scan by the sequence of outcomes, however fast or slow: each new port of a target that refuses a source speaks
 * for a scan, each connection that comes about against it. Threshold random walk after Jung et al. (2004): a user's
 * first contacts succeed with 0.8, a scanner's with 0.2, so that an outcome changes the likelihood by a factor of four
 * either way, and the walk stands at refusals less connections. At eight it is 4^8 to 1, by Wald's bound one harmless
 * pair in 65,000; a mail program that guesses where its server listens tries seven. Refused is what the target answers
 * with RST, or what the source itself breaks off before the handshake ends (half-open probes).
 *
 * A refusal that comes from the source port of the one before counts twice: the kernel takes another for every
 * connection of a program (RFC 6056: one in 28,000 or so is the same), whoever writes packets by hand keeps it. Ports of
 * services are left out (FTP's data comes from 20 whatever it goes to).
 *
 * Targets of one source that come to it together are one scan of many targets, and one detection.
 *
 * Not counted: a port at which this source once had a connection (an outage is no scan), and the first refusal of a
 * source (forged sources create no state). Connections in between slow the walk down; `port-scan` counts without them.
 */
import { Protocol } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { TcpFlag } from '../../wire/tcp.ts';
import { AttemptTable } from '../attempt-table.ts';
import { ContactSketch } from '../contact-sketch.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { pairKey } from '../endpoint.ts';
import { type Observation, Sight } from '../observation.ts';

export const sequentialScanDefaults = {
  /** Distinct ports of one target that refused, less the connections that came about. */
  min_refusals: 8,
  /** How long a refusal is remembered, s. */
  memory_s: 14_400,
  /** Refusals remembered in all; the longest quiet source is forgotten first. */
  max_refusals: 65_536,
};

/** (source, target) pairs remembered; the longest quiet is forgotten first. */
const MAX_SERIES = 16_384;
/** Lowest port that a kernel gives to a connection of its own accord. */
const MIN_OWN_PORT = 1_024;
/** Targets of one source that are told of together. */
const MIN_GROUP = 3;
/** What a series is told as. */
const Shape = { TARGET: 0, GROUP: 1 } as const;
/** Of sources that were refused, and of services at which a source has been. */
const SOURCE_BITS = 1 << 20;
const SERVICE_BITS = 1 << 20;

export class SequentialScanDetector implements Detector {
  readonly name = 'sequential-scan';
  readonly sights = Sight.OPENING;
  readonly #limits: typeof sequentialScanDefaults;
  readonly #report: Report;
  readonly #table: AttemptTable;
  readonly #sources: ContactSketch;
  readonly #services: ContactSketch;

  constructor(limits: typeof sequentialScanDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#table = new AttemptTable(limits.max_refusals, MAX_SERIES);
    this.#sources = new ContactSketch(SOURCE_BITS, limits.memory_s * 1e6);
    this.#services = new ContactSketch(SERVICE_BITS, limits.memory_s * 1e6);
  }

  get evictions(): number {
    return this.#table.evictions;
  }

  observe(seen: Observation): void {
    const flags = seen.batch.tcpFlags[seen.row]!;
    if (seen.batch.protocol[seen.row] !== Protocol.TCP || flags < 0) return;
    if (seen.isHandshakeEnd) this.#connected(seen);
    else if ((flags & TcpFlag.RST) === 0) return;
    else if (seen.isFirstAnswer) this.#refused(seen, false);
    else if (seen.isFromOriginator && !seen.isNewFlow && !seen.isValidated)
      this.#refused(seen, true);
  }

  endStep(endMicros: number): void {
    const table = this.#table;
    const oldest = endMicros - this.#limits.memory_s * 1e6;
    const scans: number[] = [];
    for (const series of table.takeTouched()) {
      const pruned = table.prune(series, oldest);
      if (!Number.isNaN(pruned)) table.series.firstMicros[series] = pruned;
      if (this.#isScan(series)) scans.push(series);
    }
    this.#tellAll(scans, endMicros);
  }

  /** The first word on a scan does not wait for the step's end; there is no more to it than its refusals. */
  tick(nowMicros: number): void {
    const scans: number[] = [];
    this.#table.eachTouched((series) => {
      if (this.#table.series.isTold[series] === 0 && this.#isScan(series)) scans.push(series);
    });
    this.#tellAll(scans, nowMicros);
  }

  #connected({ batch, row, sourceKey, targetKey, tsMicros }: Observation): void {
    const port = batch.dstPort[row]!;
    const pair = pairKey(sourceKey, targetKey);
    const isKnown = this.#services.note(pairKey(pair, port), tsMicros);
    const series = this.#table.find(pair);
    if (series < 0) return;
    this.#table.remove(series, port);
    if (isKnown) return;
    // The walk never falls below where it began: a scan may follow upon ordinary use.
    const { answered, size } = this.#table.series;
    answered[series] = Math.min(answered[series]! + 1, size[series]!);
  }

  #refused(seen: Observation, isBySource: boolean): void {
    const { batch, row, tsMicros } = seen;
    const source = isBySource ? seen.sourceKey : seen.targetKey;
    const target = isBySource ? seen.targetKey : seen.sourceKey;
    const port = isBySource ? batch.dstPort[row]! : batch.srcPort[row]!;
    if (!this.#sources.note(source, tsMicros)) return;
    const pair = pairKey(source, target);
    if (this.#services.has(pairKey(pair, port))) return;
    const table = this.#table;
    let series = table.find(pair);
    if (series < 0) {
      series = table.begin(pair);
      const columns = table.series;
      columns.firstMicros[series] = tsMicros;
      columns.ipVersion[series] = batch.ipVersion[row]!;
      columns.shape[series] = Shape.TARGET;
      const [from, to] = isBySource ? [batch.src, batch.dst] : [batch.dst, batch.src];
      for (let word = 0; word < 4; word++) {
        columns.addresses[8 * series + word] = from[4 * row + word]!;
        columns.addresses[8 * series + 4 + word] = to[4 * row + word]!;
      }
    }
    const columns = table.series;
    columns.packets[series]!++;
    columns.bytes[series]! += batch.wireLength[row]!;
    const before = columns.size[series]!;
    table.note(series, port, tsMicros);
    // Forgotten at once where there is no room for it.
    if (columns.size[series]! <= before) return;
    const sourcePort = isBySource ? batch.srcPort[row]! : batch.dstPort[row]!;
    if (sourcePort >= MIN_OWN_PORT && sourcePort === columns.sourcePort[series])
      columns.samePort[series]!++;
    columns.sourcePort[series] = sourcePort;
  }

  #walk(series: number): number {
    const { size, answered, samePort } = this.#table.series;
    // Refusals that were taken back or forgotten count no more, from whatever port they came.
    return size[series]! + Math.min(samePort[series]!, size[series]!) - answered[series]!;
  }

  #isScan(series: number): boolean {
    return this.#walk(series) >= this.#limits.min_refusals;
  }

  #tellAll(scans: readonly number[], atMicros: number): void {
    const { addresses, ipVersion, shape } = this.#table.series;
    const bySource = new Map<string, number[]>();
    for (const series of scans) {
      const source = formatIp(addresses, 8 * series, ipVersion[series]!);
      const known = bySource.get(source);
      if (known) known.push(series);
      else bySource.set(source, [series]);
    }
    for (const [source, group] of bySource) {
      if (group.length >= MIN_GROUP) for (const series of group) shape[series] = Shape.GROUP;
      const together = group.filter((series) => shape[series] === Shape.GROUP);
      if (together.length > 0) this.#tell(source, together, atMicros);
      for (const series of group)
        if (shape[series] === Shape.TARGET) this.#tell(source, [series], atMicros);
    }
  }

  /** @param scans of one target, or a group */
  #tell(sourceIp: string, scans: readonly number[], atMicros: number): void {
    const columns = this.#table.series;
    const { min_refusals } = this.#limits;
    const first = scans[0]!;
    const isGroup = columns.shape[first] === Shape.GROUP;
    const sum = (column: ArrayLike<number>) =>
      scans.reduce((total, series) => total + column[series]!, 0);
    const refusals = sum(columns.size);
    const connections = sum(columns.answered);
    const fromSamePort = sum(columns.samePort);
    const walk = Math.max(...scans.map((series) => this.#walk(series)));
    const firstMicros = Math.min(...scans.map((series) => columns.firstMicros[series]!));
    const seconds = Math.max(1, (atMicros - firstMicros) / 1e6);
    const targetIp = isGroup
      ? null
      : formatIp(columns.addresses, 8 * first + 4, columns.ipVersion[first]!);
    const packets = sum(columns.packets);
    this.#report({
      kind: 'Port_Scan',
      detector: this.name,
      atMicros,
      firstMicros,
      sourceIp,
      targetIp,
      targetPort: null,
      protocol: 'TCP',
      confidence: confidenceOf(walk, min_refusals),
      summary: `${sourceIp} was refused at ${refusals} ports of ${targetIp ?? `${scans.length} targets`} and connected ${connections} times, within ${Math.round(seconds)} s`,
      numbers: {
        ...{ walk, refusals, connections },
        ...(fromSamePort > 0 ? { from_same_port: fromSamePort } : {}),
        ...{ targets: scans.length, seconds },
      },
      thresholds: { walk: min_refusals },
      // What is refused has no handshake: it could have been sent in anybody's name.
      provenConfidence: 0,
      packets,
      bytes: sum(columns.bytes),
      flows: packets,
    });
    for (const series of scans) {
      columns.isTold[series] = 1;
      columns.packets[series] = 0;
      columns.bytes[series] = 0;
    }
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
