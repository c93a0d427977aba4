/**
 * Port_Scan of what listens behind one port: somebody speaks one protocol after the other to it, each on a connection of
 * its own, to see which is understood. A client knows what it came for: it speaks one protocol, two where it tries
 * encryption first, three where a multiplexer shares the port among a log-in, a page and a tunnel. Protocols are told by
 * their first bytes; what only the port's number suggests counts as one.
 *
 * Source: how tools do it is described in G. Lyon, "Nmap Network Scanning" (2009), chapter 7; none of its probes is read here.
 */
import type { FlowRecord } from '../../../contract/flow.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { RecentMap } from '../recent-map.ts';

export const serviceScanDefaults = {
  /** Different protocols that one source speaks to one port of one target. */
  min_protocols: 4,
  window_s: 60,
  /** (source, target, port) triples remembered; the longest quiet is forgotten first. */
  max_triples: 8_192,
};

/** Protocols of one triple that are told apart. */
const MAX_PROTOCOLS = 16;

interface Talk {
  /** Latest begin of a conversation in each protocol. */
  spoken: { readonly name: string; atMicros: number }[];
  packets: number;
  bytes: number;
  flows: number;
}

export class ServiceScanDetector implements Detector {
  readonly name = 'service-scan';
  readonly sights = 0;
  readonly #limits: typeof serviceScanDefaults;
  readonly #report: Report;
  readonly #talks: RecentMap<string, Talk>;

  constructor(limits: typeof serviceScanDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#talks = new RecentMap(limits.max_triples);
  }

  get evictions(): number {
    return this.#talks.evictions;
  }

  observe(): void {}

  endFlow(flow: FlowRecord): void {
    const { service, payloadFwd, isValidated, srcIp, dstIp, dstPort, firstSeenMicros } = flow;
    if (service === null || payloadFwd === 0 || !isValidated) return;
    const talk = this.#talks.touch(`${srcIp} ${dstIp} ${dstPort}`, newTalk);
    const oldest = firstSeenMicros - this.#limits.window_s * 1e6;
    talk.spoken = talk.spoken.filter(({ atMicros }) => atMicros >= oldest);
    const known = talk.spoken.find(({ name }) => name === service);
    if (known) known.atMicros = Math.max(known.atMicros, firstSeenMicros);
    else if (talk.spoken.length < MAX_PROTOCOLS)
      talk.spoken.push({ name: service, atMicros: firstSeenMicros });
    talk.packets += flow.packetsFwd + flow.packetsBwd;
    talk.bytes += flow.bytesFwd + flow.bytesBwd;
    talk.flows++;
    if (talk.spoken.length >= this.#limits.min_protocols) this.#tell(talk, flow);
  }

  #tell(talk: Talk, { srcIp, dstIp, dstPort, lastSeenMicros }: FlowRecord): void {
    const { packets, bytes, flows } = talk;
    const { min_protocols } = this.#limits;
    const names = talk.spoken.map(({ name }) => name);
    const firstMicros = Math.min(...talk.spoken.map(({ atMicros }) => atMicros));
    const seconds = Math.max(0, (lastSeenMicros - firstMicros) / 1e6);
    this.#report({
      ...{ kind: 'Port_Scan', detector: this.name, atMicros: lastSeenMicros, firstMicros },
      ...{ sourceIp: srcIp, targetIp: dstIp, targetPort: dstPort, protocol: 'TCP' },
      confidence: confidenceOf(names.length, min_protocols),
      summary: `${srcIp} spoke ${names.length} protocols to port ${dstPort} of ${dstIp} within ${Math.ceil(seconds)} s: ${names.join(', ')}`,
      numbers: { protocols: names.length, spoken: names.join(', '), seconds },
      thresholds: { protocols: min_protocols },
      // Somebody may look at a service and mean well: no block for that.
      ...{ provenConfidence: 0, packets, bytes, flows },
    });
    talk.packets = 0;
    talk.bytes = 0;
    talk.flows = 0;
  }

  save(writer: StateWriter): void {
    this.#talks.save(writer);
  }

  load(reader: StateReader): void {
    this.#talks.load(reader);
  }
}

function newTalk(): Talk {
  return { spoken: [], packets: 0, bytes: 0, flows: 0 };
}
