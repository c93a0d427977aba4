/**
 * ARP_Spoof, from where the lies are not seen: they go to their victims alone, and a sensor behind another port of the
 * switch sees broadcasts only. Who stands between two hosts has to know where both really are, and asks anew for each
 * round of lies. An honest host keeps an answer for a quarter of a minute at the least (RFC 4861 §10 as hosts apply it to
 * ARP, RFC 1122 §2.3.2.1), and asks again after one second where there was none. So: one host asks all for the same two addresses, round
 * after round, always later than one that got no answer would, and sooner than one that did would have to.
 *
 * A monitor that looks after its hosts like this asks for more or fewer than two. Which way it is, the packets do not
 * say: this stays a suspicion.
 */
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIpv4, formatMac } from '../../wire/address.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { type Observation, Sight } from '../observation.ts';
import { RecentMap } from '../recent-map.ts';

export const arpRelayDefaults = {
  /** Times in a row that either of the two addresses is asked for. */
  min_rounds: 4,
  /** Between two rounds, s: longer than a repetition for want of an answer, shorter than answers are kept. */
  min_round_s: 1.5,
  max_round_s: 10,
  /** Hosts that ask, remembered; the longest quiet is forgotten first. */
  max_askers: 4_096,
};

/** Asked again within this time, s: the same question, seen or sent twice. */
const COPY_S = 0.5;
/** Addresses of one asker that are followed; with more it is no relay. */
const MAX_ADDRESSES = 8;
const RELAYED = 2;
const MAX_CONFIDENCE = 0.75;
const BROADCAST = 0xffff_ffff_ffff;

interface Asked {
  readonly ip: number;
  rounds: number;
  firstMicros: number;
  lastMicros: number;
  packets: number;
  bytes: number;
}

export class ArpRelayDetector implements Detector {
  readonly name = 'arp-relay';
  readonly sights = Sight.ARP;
  readonly #limits: typeof arpRelayDefaults;
  readonly #report: Report;
  /** By the asker's address; the latest asked for last. */
  readonly #askers: RecentMap<number, Asked[]>;

  constructor(limits: typeof arpRelayDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
    this.#askers = new RecentMap(limits.max_askers);
  }

  get evictions(): number {
    return this.#askers.evictions;
  }

  observe(seen: Observation): void {
    const { batch, row } = seen;
    const asker = batch.arpPsrc[row]!;
    const ip = batch.arpPdst[row]!;
    const isQuestion = batch.arpOp[row] === 1 && asker !== 0 && asker !== ip;
    const to = batch.dstMac[row]!;
    // A host that looks whether an answer still holds asks the one who gave it.
    if (!isQuestion || (to >= 0 && to !== BROADCAST)) return;
    const addresses = this.#askers.touch(asker, () => []);
    const asked = follow(addresses, ip, seen.tsMicros);
    asked.packets++;
    asked.bytes += batch.wireLength[row]!;
    if (!this.#isNewRound(asked, seen.tsMicros)) return;
    const { min_rounds: minRounds, max_round_s: maxRoundS } = this.#limits;
    if (asked.rounds < minRounds) return;
    const oldest = seen.tsMicros - maxRoundS * 1e6;
    const running = addresses.filter(
      ({ rounds, lastMicros }) => rounds > 1 && lastMicros >= oldest,
    );
    const isEnough = running.every(({ rounds }) => rounds >= minRounds);
    if (running.length === RELAYED && isEnough) this.#tell(asker, running, seen);
  }

  #isNewRound(asked: Asked, tsMicros: number): boolean {
    const seconds = (tsMicros - asked.lastMicros) / 1e6;
    if (asked.rounds > 0 && seconds < COPY_S) return false;
    const isNext = seconds >= this.#limits.min_round_s && seconds <= this.#limits.max_round_s;
    asked.lastMicros = tsMicros;
    if (asked.rounds > 0 && isNext) asked.rounds++;
    else {
      asked.rounds = 1;
      asked.firstMicros = tsMicros;
    }
    return true;
  }

  #tell(asker: number, running: readonly Asked[], seen: Observation): void {
    const [one, other] = running.toSorted((a, b) => a.ip - b.ip);
    if (one === undefined || other === undefined) return;
    const source = formatIpv4(asker);
    const [first, second] = [formatIpv4(one.ip), formatIpv4(other.ip)];
    const rounds = Math.min(one.rounds, other.rounds);
    const firstMicros = Math.min(one.firstMicros, other.firstMicros);
    const seconds = (seen.tsMicros - firstMicros) / 1e6;
    this.#report({
      kind: 'ARP_Spoof',
      detector: this.name,
      atMicros: seen.tsMicros,
      firstMicros,
      sourceIp: source,
      targetIp: first,
      targetPort: null,
      protocol: 'ARP',
      confidence: Math.min(MAX_CONFIDENCE, confidenceOf(rounds, this.#limits.min_rounds)),
      summary: `${source} asked all where ${first} and ${second} are, ${rounds} times within ${Math.round(seconds)} s, though it was answered: as one who stands between them would`,
      numbers: {
        rounds,
        seconds,
        mac: formatMac(seen.batch.arpHwsrc[seen.row]!),
        other_ip: second,
      },
      thresholds: { rounds: this.#limits.min_rounds },
      // Anybody on the link can send ARP in any name.
      provenConfidence: 0,
      packets: one.packets + other.packets,
      bytes: one.bytes + other.bytes,
      flows: 0,
    });
    for (const asked of running) {
      asked.packets = 0;
      asked.bytes = 0;
    }
  }

  save(writer: StateWriter): void {
    this.#askers.save(writer);
  }

  load(reader: StateReader): void {
    this.#askers.load(reader);
  }
}

/** What is known of the address, now the latest of the asker's. */
function follow(addresses: Asked[], ip: number, tsMicros: number): Asked {
  const at = addresses.findIndex((asked) => asked.ip === ip);
  const [known] = at >= 0 ? addresses.splice(at, 1) : [];
  const times = { firstMicros: tsMicros, lastMicros: tsMicros };
  const asked = known ?? { ip, rounds: 0, ...times, packets: 0, bytes: 0 };
  addresses.push(asked);
  if (addresses.length > MAX_ADDRESSES) addresses.shift();
  return asked;
}
