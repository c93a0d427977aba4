/**
 * SQL_Injection and Web_Exploit: requests whose target carries what only an attack carries (`request-patterns.ts`).
 * One such request raises an alert; each further one makes it surer. Only clear text is read, and only the request's
 * target and user agent: what stands in a body is not seen.
 */
import type { AlertKind } from '../../../contract/alert-kinds.ts';
import { AppEvent } from '../../../contract/packet-batch.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { confidenceOf, type Detector, provenConfidenceOf, type Report } from '../detector.ts';
import { type Observation, Sight } from '../observation.ts';
import { RecentMap } from '../recent-map.ts';
import {
  EXPLOIT_PATTERNS,
  plainTarget,
  type RequestPattern,
  SQL_PATTERNS,
} from '../request-patterns.ts';

export const webAttackDefaults = {
  /** Sum of the strengths of the patterns met: 1 a strong one, 0.5 a weak one. */
  min_score: 1,
  /** Quiet for so long, a client begins anew. */
  window_s: 300,
  /** (client, server, kind) triples remembered; the longest quiet is forgotten first. */
  max_triples: 8_192,
};

const FAMILIES: readonly (readonly [AlertKind, readonly RequestPattern[]])[] = [
  ['SQL_Injection', SQL_PATTERNS],
  ['Web_Exploit', EXPLOIT_PATTERNS],
];
/** Names of patterns told in an alert. */
const MAX_NAMES = 8;
/** Targets and user agents whose patterns are remembered, forgotten all at once; longer ones are looked at each time. */
const MAX_KNOWN = 4_096;
const MAX_KNOWN_CHARS = 512;
/** Of a user agent; a target has at most 2,048. */
const MAX_AGENT_CHARS = 1_024;
type Met = readonly (readonly RequestPattern[])[];
const NOTHING: Met = [];

interface Attack {
  firstMicros: number;
  lastMicros: number;
  score: number;
  /** Of `score`: on connections with a completed handshake. */
  proven: number;
  requests: number;
  readonly names: string[];
}

export class WebAttackDetector implements Detector {
  readonly name = 'web-attack';
  readonly sights = Sight.APPLICATION;
  readonly #limits: typeof webAttackDefaults;
  readonly #report: Report;
  readonly #attacks: RecentMap<string, Attack>;
  readonly #known = new Map<string, Met>();

  constructor(limits: typeof webAttackDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#attacks = new RecentMap(limits.max_triples);
  }

  get evictions(): number {
    return this.#attacks.evictions;
  }

  observe(seen: Observation): void {
    const { batch, row } = seen;
    if ((batch.appEvents[row]! & AppEvent.HTTP_REQUEST) === 0) return;
    const target = batch.httpPath.get(row);
    if (target === null) return;
    const inTarget = this.#patternsOf(target);
    const inAgent = this.#patternsOf(batch.httpUserAgent.get(row)?.slice(0, MAX_AGENT_CHARS) ?? '');
    if (inTarget === NOTHING && inAgent === NOTHING) return;
    for (const [at, [kind]] of FAMILIES.entries()) {
      const met = [...(inTarget[at] ?? []), ...(inAgent[at] ?? [])];
      const score = met.reduce((sum, { strength }) => sum + strength, 0);
      if (score > 0) this.#count(kind, met, score, seen);
    }
  }

  #patternsOf(text: string): Met {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const plain = plainTarget(text);
    const met = FAMILIES.map(([, patterns]) =>
      patterns.filter(({ pattern }) => pattern.test(plain)),
    );
    const found = met.some(({ length }) => length > 0) ? met : NOTHING;
    if (text.length > MAX_KNOWN_CHARS) return found;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(text, found);
    return found;
  }

  #count(kind: AlertKind, met: readonly RequestPattern[], score: number, seen: Observation): void {
    const { batch, row, tsMicros } = seen;
    const key = `${kind} ${seen.sourceKey}/${seen.targetKey}`;
    const attack = this.#attacks.touch(key, begun);
    if (tsMicros - attack.lastMicros > this.#limits.window_s * 1e6)
      Object.assign(attack, begun(), { firstMicros: tsMicros });
    attack.lastMicros = tsMicros;
    attack.score += score;
    if (seen.isValidated) attack.proven += score;
    attack.requests++;
    for (const { name } of met)
      if (attack.names.length < MAX_NAMES && !attack.names.includes(name)) attack.names.push(name);
    if (attack.score < this.#limits.min_score) return;
    const version = batch.ipVersion[row] === 6 ? 6 : 4;
    const sourceIp = formatIp(batch.src, 4 * row, version);
    const targetIp = formatIp(batch.dst, 4 * row, version);
    const patterns = attack.names.join(', ');
    this.#report({
      kind,
      detector: this.name,
      atMicros: tsMicros,
      firstMicros: attack.firstMicros,
      sourceIp,
      targetIp,
      targetPort: batch.dstPort[row]!,
      protocol: 'TCP',
      confidence: confidenceOf(attack.score, this.#limits.min_score),
      summary: `${sourceIp} sent ${attack.requests} requests with ${patterns} to ${targetIp}`,
      numbers: { score: attack.score, requests: attack.requests, patterns },
      thresholds: { score: this.#limits.min_score },
      provenConfidence: provenConfidenceOf(attack.proven, this.#limits.min_score),
      packets: 1,
      bytes: batch.wireLength[row]!,
      flows: 0,
    });
  }

  /** What a request's patterns are is found again. */
  save(writer: StateWriter): void {
    this.#attacks.save(writer);
  }

  load(reader: StateReader): void {
    this.#attacks.load(reader);
  }
}

function begun(): Attack {
  return {
    firstMicros: 0,
    lastMicros: 0,
    score: 0,
    proven: 0,
    requests: 0,
    names: [],
  };
}
