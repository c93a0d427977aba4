/**
 * Exfiltration: a host inside sends much to an address outside that it never sent much to before, nearly nothing comes
 * back, and it is far more than the host is used to send. The host's own past is the measure: a backup that goes to
 * the same place each night is known after the first. It is never proof, so this never blocks.
 */
import type { FlowRecord } from '../../../contract/flow.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { isInside } from '../inside.ts';
import { RecentMap } from '../recent-map.ts';

export const exfiltrationDefaults = {
  /** Payload sent to one address outside within the window. */
  min_bytes: 4_000_000,
  /** Over what came back from there. */
  min_upload_ratio: 10,
  /** Over what the host sent outside in a window before, on average (at least `usual_bytes`). */
  min_times_usual: 20,
  usual_bytes: 50_000,
  window_s: 300,
  /** Hosts inside, and (host, address) pairs, remembered; the longest quiet is forgotten first. */
  max_hosts: 8_192,
  max_pairs: 32_768,
};

/** How fast the usual follows: a window counts a fifth, those before it the rest. */
const LEARNING = 0.2;

interface Host {
  windowStart: number;
  sent: number;
  usual: number;
}

interface Pair {
  windowStart: number;
  firstMicros: number;
  sent: number;
  received: number;
  packets: number;
  bytes: number;
  flows: number;
  /** It was sent much in a window before: no news. */
  isKnown: boolean;
}

export class ExfiltrationDetector implements Detector {
  readonly name = 'exfiltration';
  readonly sights = 0;
  readonly #limits: typeof exfiltrationDefaults;
  readonly #report: Report;
  readonly #hosts: RecentMap<string, Host>;
  readonly #pairs: RecentMap<string, Pair>;

  constructor(limits: typeof exfiltrationDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#hosts = new RecentMap(limits.max_hosts);
    this.#pairs = new RecentMap(limits.max_pairs);
  }

  get evictions(): number {
    return this.#hosts.evictions + this.#pairs.evictions;
  }

  observe(): void {}

  /** Long conversations are reported piece by piece at the active time-out, so this sees them in time. */
  endFlow(flow: FlowRecord): void {
    if (!isInside(flow.srcIp) || isInside(flow.dstIp)) return;
    if (flow.protocol === 'TCP' && !flow.isValidated) return;
    if (flow.packetsBwd === 0) return;
    const host = this.#hostOf(flow);
    const pair = this.#pairOf(flow);
    host.sent += flow.payloadFwd;
    pair.sent += flow.payloadFwd;
    pair.received += flow.payloadBwd;
    pair.packets += flow.packetsFwd + flow.packetsBwd;
    pair.bytes += flow.bytesFwd + flow.bytesBwd;
    pair.flows++;
    if (!pair.isKnown) this.#judge(host, pair, flow);
  }

  #hostOf(flow: FlowRecord): Host {
    const windowMicros = this.#limits.window_s * 1e6;
    const start = Math.floor(flow.lastSeenMicros / windowMicros);
    const host = this.#hosts.touch(flow.srcIp, () => ({ windowStart: start, sent: 0, usual: 0 }));
    if (start > host.windowStart) {
      host.usual += LEARNING * (host.sent - host.usual);
      // Windows in which it sent nothing.
      host.usual *= (1 - LEARNING) ** (start - host.windowStart - 1);
      host.windowStart = start;
      host.sent = 0;
    }
    return host;
  }

  #pairOf(flow: FlowRecord): Pair {
    const { min_bytes, window_s } = this.#limits;
    const pair = this.#pairs.touch(`${flow.srcIp} ${flow.dstIp}`, () => newPair(flow));
    if (flow.lastSeenMicros - pair.windowStart > window_s * 1e6) {
      const isKnown = pair.isKnown || pair.sent >= min_bytes / 4;
      Object.assign(pair, newPair(flow), { isKnown });
    }
    return pair;
  }

  #judge(host: Host, pair: Pair, flow: FlowRecord): void {
    const limits = this.#limits;
    const uploadRatio = pair.sent / Math.max(1, pair.received);
    const timesUsual = pair.sent / Math.max(host.usual, limits.usual_bytes);
    if (pair.sent < limits.min_bytes || uploadRatio < limits.min_upload_ratio) return;
    if (timesUsual < limits.min_times_usual) return;
    const { srcIp, dstIp, dstPort, protocol } = flow;
    const megabytes = (pair.sent / 1e6).toFixed(1);
    this.#report({
      kind: 'Exfiltration',
      detector: this.name,
      atMicros: flow.lastSeenMicros,
      firstMicros: pair.firstMicros,
      sourceIp: srcIp,
      targetIp: dstIp,
      targetPort: dstPort,
      protocol,
      confidence: confidenceOf(pair.sent, limits.min_bytes),
      summary: `${srcIp} sent ${megabytes} MB to ${dstIp}, ${Math.round(timesUsual)} times what it usually sends out, and hardly anything came back`,
      numbers: { sent_bytes: pair.sent, upload_ratio: uploadRatio, times_usual: timesUsual },
      thresholds: {
        sent_bytes: limits.min_bytes,
        upload_ratio: limits.min_upload_ratio,
        times_usual: limits.min_times_usual,
      },
      provenConfidence: 0,
      packets: pair.packets,
      bytes: pair.bytes,
      flows: pair.flows,
    });
    pair.packets = 0;
    pair.bytes = 0;
    pair.flows = 0;
  }

  save(writer: StateWriter): void {
    this.#hosts.save(writer);
    this.#pairs.save(writer);
  }

  load(reader: StateReader): void {
    this.#hosts.load(reader);
    this.#pairs.load(reader);
  }
}

function newPair({ firstSeenMicros, lastSeenMicros }: FlowRecord): Pair {
  return {
    ...{ windowStart: lastSeenMicros, firstMicros: firstSeenMicros, sent: 0, received: 0 },
    ...{ packets: 0, bytes: 0, flows: 0, isKnown: false },
  };
}
