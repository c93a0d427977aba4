/**
 * Web_Scan: one client asks one server for many different targets, most of which are not there. A reader's browser
 * gets what it asks for; a crawler follows links that exist; a load test asks for the same again and again.
 */
import { AppEvent } from '../../../contract/packet-batch.ts';
import { textHash } from '../../flows/flow-hash.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { confidenceOf, type Detector, provenConfidenceOf, type Report } from '../detector.ts';
import { pairKey } from '../endpoint.ts';
import { type Observation, Sight } from '../observation.ts';
import { RecentMap } from '../recent-map.ts';

export const webScanDefaults = {
  /** Answers 400, 403, 404, 405, 410 and 501 to one client within the window. */
  min_errors: 40,
  /** Different targets that it asked for. */
  min_targets: 30,
  /** Those answers over all answers. */
  min_error_ratio: 0.6,
  window_s: 60,
  /** (client, server) pairs remembered; the longest quiet is forgotten first. */
  max_pairs: 4_096,
};

const NOT_THERE: ReadonlySet<number> = new Set([400, 403, 404, 405, 410, 501]);
/** Different targets of one pair are counted up to here. */
const MAX_TARGETS = 128;

interface Visit {
  beganMicros: number;
  /** Their hashes: 32 bits a target, however long it is. */
  readonly targets: Set<number>;
  answers: number;
  errors: number;
  /** Of the errors: on connections with a completed handshake. */
  proven: number;
  packets: number;
  bytes: number;
}

export class WebScanDetector implements Detector {
  readonly name = 'web-scan';
  readonly sights = Sight.APPLICATION;
  readonly #limits: typeof webScanDefaults;
  readonly #report: Report;
  /** By client and server. */
  readonly #visits: RecentMap<number, Visit>;

  constructor(limits: typeof webScanDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#visits = new RecentMap(limits.max_pairs);
  }

  get evictions(): number {
    return this.#visits.evictions;
  }

  observe(seen: Observation): void {
    const { batch, row } = seen;
    const events = batch.appEvents[row]!;
    if (events & AppEvent.HTTP_REQUEST) {
      const target = batch.httpPath.get(row);
      if (target === null) return;
      const visit = this.#visitOf(pairKey(seen.sourceKey, seen.targetKey), seen);
      if (visit.targets.size < MAX_TARGETS) visit.targets.add(textHash(target));
    } else if (events & AppEvent.HTTP_RESPONSE) {
      const visit = this.#visitOf(pairKey(seen.targetKey, seen.sourceKey), seen);
      visit.answers++;
      if (!NOT_THERE.has(batch.httpStatus[row]!)) return;
      visit.errors++;
      if (seen.isValidated) visit.proven++;
      this.#judge(visit, seen);
    }
  }

  #visitOf(key: number, { batch, row, tsMicros }: Observation): Visit {
    let visit = this.#visits.touch(key, () => newVisit(tsMicros));
    if (tsMicros - visit.beganMicros > this.#limits.window_s * 1e6) {
      this.#visits.delete(key);
      visit = this.#visits.touch(key, () => newVisit(tsMicros));
    }
    visit.packets++;
    visit.bytes += batch.wireLength[row]!;
    return visit;
  }

  /** `seen`: the server's answer. */
  #judge(visit: Visit, { batch, row, tsMicros }: Observation): void {
    const limits = this.#limits;
    const { errors, answers, proven } = visit;
    const targets = visit.targets.size;
    const ratio = errors / answers;
    if (errors < limits.min_errors || targets < limits.min_targets) return;
    if (ratio < limits.min_error_ratio) return;
    const version = batch.ipVersion[row] === 6 ? 6 : 4;
    const sourceIp = formatIp(batch.dst, 4 * row, version);
    const targetIp = formatIp(batch.src, 4 * row, version);
    const seconds = (tsMicros - visit.beganMicros) / 1e6;
    this.#report({
      kind: 'Web_Scan',
      detector: this.name,
      atMicros: tsMicros,
      firstMicros: visit.beganMicros,
      sourceIp,
      targetIp,
      targetPort: batch.srcPort[row]!,
      protocol: 'TCP',
      confidence: confidenceOf(errors, limits.min_errors),
      summary: `${sourceIp} asked ${targetIp} for ${targets === MAX_TARGETS ? `${targets} or more` : targets} different targets within ${Math.ceil(seconds)} s, ${errors} of them in vain`,
      numbers: { errors, targets, error_ratio: ratio, seconds },
      thresholds: {
        errors: limits.min_errors,
        targets: limits.min_targets,
        error_ratio: limits.min_error_ratio,
      },
      provenConfidence: provenConfidenceOf(proven, limits.min_errors),
      packets: visit.packets,
      bytes: visit.bytes,
      flows: 0,
    });
    visit.packets = 0;
    visit.bytes = 0;
  }

  save(writer: StateWriter): void {
    this.#visits.save(writer, (visit) => ({ ...visit, targets: [...visit.targets] }));
  }

  load(reader: StateReader): void {
    this.#visits.load(reader, (saved) => {
      const visit = saved as Omit<Visit, 'targets'> & { targets: number[] };
      return { ...visit, targets: new Set(visit.targets) };
    });
  }
}

function newVisit(beganMicros: number): Visit {
  return {
    ...{ beganMicros, targets: new Set<number>() },
    ...{ answers: 0, errors: 0, proven: 0, packets: 0, bytes: 0 },
  };
}
