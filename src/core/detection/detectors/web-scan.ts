/**
 * Web_Scan: one client asks one server for many different targets, most of which are not there. A reader's browser
 * gets what it asks for; a crawler follows links that exist; a load test asks for the same again and again. Or it tries
 * which methods the server serves (OWASP WSTG-CONF-06), of which a client knows those that it needs: many methods, several
 * of them refused (405 and 501, RFC 9110 §15.5.6 and §15.6.2), and next to nothing that it asks for is given.
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
  /** Or: different methods that it tried, and answers 405 and 501 to them. WebDAV on a plain server comes to three. */
  min_methods: 4,
  min_method_refusals: 3,
  /** Then so many errors and different targets are enough, at this ratio. */
  min_probe_errors: 10,
  min_probe_targets: 5,
  min_probe_ratio: 0.9,
  window_s: 60,
  /** (client, server) pairs remembered; the longest quiet is forgotten first. */
  max_pairs: 4_096,
};

const NOT_THERE: ReadonlySet<number> = new Set([400, 403, 404, 405, 410, 501]);
/** Different targets and methods of one pair are counted up to here. */
const MAX_TARGETS = 128;
const MAX_METHODS = 16;
const METHOD_REFUSED: ReadonlySet<number> = new Set([405, 501]);

interface Visit {
  beganMicros: number;
  /** Their hashes: 32 bits a target, however long it is. */
  readonly targets: Set<number>;
  readonly methods: Set<string>;
  methodRefusals: number;
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
      const method = batch.httpMethod.get(row);
      if (method !== null && visit.methods.size < MAX_METHODS) visit.methods.add(method);
    } else if (events & AppEvent.HTTP_RESPONSE) {
      const visit = this.#visitOf(pairKey(seen.targetKey, seen.sourceKey), seen);
      visit.answers++;
      const status = batch.httpStatus[row]!;
      if (!NOT_THERE.has(status)) return;
      visit.errors++;
      if (METHOD_REFUSED.has(status)) visit.methodRefusals++;
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

  #isProbing({ errors, answers, targets, methods, methodRefusals }: Visit): boolean {
    const limits = this.#limits;
    if (methods.size < limits.min_methods || methodRefusals < limits.min_method_refusals)
      return false;
    if (errors < limits.min_probe_errors || targets.size < limits.min_probe_targets) return false;
    return errors / answers >= limits.min_probe_ratio;
  }

  /** `seen`: the server's answer. */
  #judge(visit: Visit, { batch, row, tsMicros }: Observation): void {
    const limits = this.#limits;
    const { errors, answers, proven, methods, methodRefusals } = visit;
    const targets = visit.targets.size;
    const ratio = errors / answers;
    const isWide =
      errors >= limits.min_errors &&
      targets >= limits.min_targets &&
      ratio >= limits.min_error_ratio;
    if (!isWide && !this.#isProbing(visit)) return;
    const minErrors = isWide ? limits.min_errors : limits.min_probe_errors;
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
      confidence: confidenceOf(errors, minErrors),
      summary: `${sourceIp} asked ${targetIp} for ${targets === MAX_TARGETS ? `${targets} or more` : targets} different targets within ${Math.ceil(seconds)} s, ${errors} of them in vain${isWide ? '' : `, and tried ${methods.size} methods`}`,
      numbers: {
        errors,
        targets,
        error_ratio: ratio,
        methods: methods.size,
        method_refusals: methodRefusals,
        seconds,
      },
      thresholds: isWide
        ? {
            errors: minErrors,
            targets: limits.min_targets,
            error_ratio: limits.min_error_ratio,
          }
        : {
            errors: minErrors,
            targets: limits.min_probe_targets,
            error_ratio: limits.min_probe_ratio,
            methods: limits.min_methods,
            method_refusals: limits.min_method_refusals,
          },
      provenConfidence: provenConfidenceOf(proven, minErrors),
      packets: visit.packets,
      bytes: visit.bytes,
      flows: 0,
    });
    visit.packets = 0;
    visit.bytes = 0;
  }

  save(writer: StateWriter): void {
    this.#visits.save(writer, (visit) => ({
      ...visit,
      targets: [...visit.targets],
      methods: [...visit.methods],
    }));
  }

  load(reader: StateReader): void {
    this.#visits.load(reader, (saved) => {
      const visit = saved as Omit<Visit, 'targets' | 'methods'> & {
        targets: number[];
        methods: string[];
      };
      return { ...visit, targets: new Set(visit.targets), methods: new Set(visit.methods) };
    });
  }
}

function newVisit(beganMicros: number): Visit {
  return {
    ...{ beganMicros, targets: new Set<number>(), methods: new Set<string>(), methodRefusals: 0 },
    ...{ answers: 0, errors: 0, proven: 0, packets: 0, bytes: 0 },
  };
}
