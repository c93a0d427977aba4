/**
 * Slowloris: one client holds many HTTP requests open that it began and does not finish, so that the
 * server's workers wait. A slow but honest client has a few; their age and number together tell.
 */

import type { FlowRecord } from '../../../contract/flow.ts';
import { AppEvent } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { confidenceOf, type Detector, provenConfidenceOf, type Report } from '../detector.ts';
import { pairKey } from '../endpoint.ts';
import { type Observation, Sight } from '../observation.ts';

export const slowlorisDefaults = {
  /** Requests of one client to one server, begun and unfinished. */
  min_requests: 20,
  /** Younger ones do not count, s. */
  min_age_s: 5,
  /** Unfinished requests remembered; the oldest is forgotten first. */
  max_requests: 65_536,
};

interface Unfinished {
  readonly pair: number;
  readonly beganMicros: number;
  readonly sourceIp: string;
  readonly targetIp: string;
  readonly port: number;
  /** Begun on a connection with a completed handshake. */
  readonly isProven: boolean;
  isCounted: boolean;
}

interface Hold {
  readonly example: Unfinished;
  count: number;
  proven: number;
  fresh: number;
  beganMicros: number;
}

export class SlowlorisDetector implements Detector {
  readonly name = 'slowloris';
  readonly sights = Sight.APPLICATION;
  evictions = 0;
  readonly #limits: typeof slowlorisDefaults;
  readonly #report: Report;
  readonly #unfinished = new Map<number, Unfinished>(); // by flow, oldest first

  constructor(limits: typeof slowlorisDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
  }

  observe(seen: Observation): void {
    const events = seen.batch.appEvents[seen.row]!;
    if (events === 0 || seen.flowId < 0) return;
    const ends = AppEvent.HTTP_HEADERS_END | AppEvent.HTTP_RESPONSE;
    if ((events & ends) !== 0) this.#unfinished.delete(seen.flowId);
    else if ((events & AppEvent.HTTP_REQUEST) !== 0) this.#begin(seen);
  }

  endFlow(flow: FlowRecord): void {
    this.#unfinished.delete(flow.id);
  }

  endStep(endMicros: number): void {
    const holds = new Map<number, Hold>();
    for (const request of this.#unfinished.values()) {
      if (endMicros - request.beganMicros < this.#limits.min_age_s * 1e6) break;
      let hold = holds.get(request.pair);
      if (!hold) {
        hold = {
          example: request,
          count: 0,
          proven: 0,
          fresh: 0,
          beganMicros: request.beganMicros,
        };
        holds.set(request.pair, hold);
      }
      hold.count++;
      if (request.isProven) hold.proven++;
      if (!request.isCounted) hold.fresh++;
      request.isCounted = true;
    }
    for (const hold of holds.values())
      if (hold.count >= this.#limits.min_requests) this.#tell(hold, endMicros);
  }

  #begin(seen: Observation): void {
    if (this.#unfinished.has(seen.flowId)) return;
    const { batch, row } = seen;
    const version = batch.ipVersion[row] === 6 ? 6 : 4;
    this.#unfinished.set(seen.flowId, {
      pair: pairKey(seen.sourceKey, seen.targetKey),
      beganMicros: seen.tsMicros,
      sourceIp: formatIp(batch.src, 4 * row, version),
      targetIp: formatIp(batch.dst, 4 * row, version),
      port: batch.dstPort[row]!,
      isProven: seen.isValidated,
      isCounted: false,
    });
    if (this.#unfinished.size <= this.#limits.max_requests) return;
    const [oldest] = this.#unfinished.keys();
    if (oldest !== undefined) this.#unfinished.delete(oldest);
    this.evictions++;
  }

  #tell({ example, count, proven, fresh, beganMicros }: Hold, atMicros: number): void {
    const { sourceIp, targetIp, port } = example;
    this.#report({
      kind: 'Slowloris',
      detector: this.name,
      atMicros,
      firstMicros: beganMicros,
      sourceIp,
      targetIp,
      targetPort: port,
      protocol: 'TCP',
      confidence: confidenceOf(count, this.#limits.min_requests),
      summary: `${sourceIp} holds ${count} unfinished HTTP requests open at ${targetIp}:${port}, the oldest for ${Math.round((atMicros - beganMicros) / 1e6)} s`,
      numbers: { requests: count, oldest_s: (atMicros - beganMicros) / 1e6 },
      thresholds: { requests: this.#limits.min_requests, oldest_s: this.#limits.min_age_s },
      provenConfidence: provenConfidenceOf(proven, this.#limits.min_requests),
      packets: fresh,
      bytes: 0,
      flows: fresh,
    });
  }

  save(writer: StateWriter): void {
    writer.number(this.#unfinished.size);
    for (const request of this.#unfinished) writer.json(request);
    writer.number(this.evictions);
  }

  load(reader: StateReader): void {
    for (let left = reader.count(this.#limits.max_requests); left > 0; left--) {
      const [flow, request] = reader.json() as [number, Unfinished];
      this.#unfinished.set(flow, request);
    }
    this.evictions = reader.number();
  }
}
