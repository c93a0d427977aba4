/**
 * ARP_Spoof: a host claims addresses that another hardware address holds, unasked and again and again.
 * One change of a binding is a new network card or a fail-over; a liar must repeat itself to win against
 * the true owner. Source: RFC 826, RFC 5227 §2.4.
 */
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIpv4, formatMac } from '../../wire/address.ts';
import { confidenceOf, type Detector, type Report } from '../detector.ts';
import { pairKey } from '../endpoint.ts';
import { type Observation, Sight } from '../observation.ts';

export const arpSpoofDefaults = {
  /** Contradicting, unasked claims by one hardware address within the memory. */
  min_claims: 4,
  memory_s: 60,
  /** Addresses and claimants remembered; the oldest is forgotten first. */
  max_bindings: 16_384,
};

interface Binding {
  mac: number;
  sinceMicros: number;
}

interface Claims {
  readonly ip: number;
  readonly victim: number;
  count: number;
  firstMicros: number;
  bytes: number;
  reported: number;
}

/** A request answered within this time was asked for. */
const ANSWER_MICROS = 5_000_000;

export class ArpSpoofDetector implements Detector {
  readonly name = 'arp-spoof';
  readonly sights = Sight.ARP;
  evictions = 0;
  readonly #limits: typeof arpSpoofDefaults;
  readonly #report: Report;
  readonly #holders = new Map<number, Binding>(); // address -> who held it first
  readonly #ownAddress = new Map<number, number>(); // hardware address -> the first address it held
  readonly #asked = new Map<number, number>(); // (asker, address) -> when
  readonly #claims = new Map<number, Claims>(); // (liar, address) -> lies

  constructor(limits: typeof arpSpoofDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
  }

  observe(seen: Observation): void {
    const { batch, row, tsMicros } = seen;
    const op = batch.arpOp[row]!;
    if (op < 0) return;
    const mac = batch.arpHwsrc[row]!;
    const claimed = batch.arpPsrc[row]!;
    const about = batch.arpPdst[row]!;
    if (mac < 0) return;
    if (op === 1 && claimed !== about) {
      this.#remember(this.#asked, pairKey(claimed, about), tsMicros);
      if (claimed !== 0) this.#learn(mac, claimed, tsMicros);
      return;
    }
    if (claimed === 0) return;
    const holder = this.#learn(mac, claimed, tsMicros);
    if (holder.mac === mac || claimed === about) return;
    // Asked by the receiver: an honest answer after a change of card.
    const askedMicros = this.#asked.get(pairKey(about, claimed));
    if (askedMicros !== undefined && tsMicros - askedMicros < ANSWER_MICROS) return;
    this.#lie(mac, claimed, about, seen);
  }

  #lie(mac: number, ip: number, victim: number, seen: Observation): void {
    const key = pairKey(mac, ip);
    const memoryMicros = this.#limits.memory_s * 1e6;
    let claims = this.#claims.get(key);
    if (!claims || seen.tsMicros - claims.firstMicros > memoryMicros * (1 + claims.reported)) {
      claims = { ip, victim, count: 0, firstMicros: seen.tsMicros, bytes: 0, reported: 0 };
      this.#remember(this.#claims, key, claims);
    }
    claims.count++;
    claims.bytes += seen.batch.wireLength[seen.row]!;
    if (claims.count < this.#limits.min_claims) return;
    claims.reported++;
    const own = this.#ownAddress.get(mac);
    const liar = own === undefined || own === ip ? null : formatIpv4(own);
    const holder = this.#holders.get(ip);
    this.#report({
      kind: 'ARP_Spoof',
      detector: this.name,
      atMicros: seen.tsMicros,
      firstMicros: claims.firstMicros,
      sourceIp: liar,
      targetIp: formatIpv4(victim),
      targetPort: null,
      protocol: 'ARP',
      confidence: confidenceOf(claims.count, this.#limits.min_claims),
      summary: `${formatMac(mac)}${liar ? ` (${liar})` : ''} told ${formatIpv4(victim)} ${claims.count} times, unasked, that it is ${formatIpv4(ip)}, which ${
        holder ? formatMac(holder.mac) : 'another'
      } holds`,
      numbers: {
        claims: claims.count,
        mac: formatMac(mac),
        claimed_ip: formatIpv4(ip),
        holder_mac: holder ? formatMac(holder.mac) : '',
      },
      thresholds: { claims: this.#limits.min_claims },
      // Anybody on the link can send ARP in any name.
      provenConfidence: 0,
      packets: claims.reported === 1 ? claims.count : 1,
      bytes: claims.reported === 1 ? claims.bytes : seen.batch.wireLength[seen.row]!,
      flows: 0,
    });
  }

  /** The binding in force for `ip`, which is this one when nobody held the address lately. */
  #learn(mac: number, ip: number, tsMicros: number): Binding {
    if (!this.#ownAddress.has(mac)) this.#remember(this.#ownAddress, mac, ip);
    let binding = this.#holders.get(ip);
    if (!binding) {
      binding = { mac, sinceMicros: tsMicros };
      this.#remember(this.#holders, ip, binding);
    }
    return binding;
  }

  #remember<Value>(map: Map<number, Value>, key: number, value: Value): void {
    map.delete(key);
    map.set(key, value);
    if (map.size <= this.#limits.max_bindings) return;
    const [oldest] = map.keys();
    if (oldest !== undefined) map.delete(oldest);
    this.evictions++;
  }

  save(writer: StateWriter): void {
    writer.map(this.#holders);
    writer.map(this.#ownAddress);
    writer.map(this.#asked);
    writer.map(this.#claims);
    writer.number(this.evictions);
  }

  load(reader: StateReader): void {
    reader.map(this.#holders);
    reader.map(this.#ownAddress);
    reader.map(this.#asked);
    reader.map(this.#claims);
    this.evictions = reader.number();
  }
}
