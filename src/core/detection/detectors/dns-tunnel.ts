/**
 * DNS_Tunnel: one client asks for many different, long names below one registered domain. What is
 * carried upwards must stand in the names, so their number and length is the channel's width; a CDN's
 * hashed names repeat, a browser's are short. Never judged by address, resolver or known domain.
 */
import { subdomainLength } from '../../features/registered-domain.ts';
import type { StateReader } from '../../state/state-reader.ts';
import type { StateWriter } from '../../state/state-writer.ts';
import { formatIp } from '../../wire/address.ts';
import { confidenceOf, type Detector, provenConfidenceOf, type Report } from '../detector.ts';
import { type Observation, Sight } from '../observation.ts';

export const dnsTunnelDefaults = {
  /** Distinct names below one domain within the window. */
  min_names: 20,
  /** Characters left of the registered domain, mean over the distinct names. */
  min_mean_length: 18,
  /** Distinct names over queries. */
  min_unique_ratio: 0.4,
  /** Share of queries of types that ordinary hosts never ask for; from it on, short names count too. */
  min_rare_type_ratio: 0.5,
  window_s: 60,
  /** (client, domain) pairs remembered; the oldest is forgotten first. */
  max_pairs: 8_192,
  /** Distinct names remembered over all pairs; past it the oldest pair is forgotten. */
  max_names: 100_000,
};

/** A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, NAPTR, DS, RRSIG, DNSKEY, TLSA, SVCB, HTTPS, ANY, CAA. */
const ORDINARY_TYPES = new Set([
  1, 2, 5, 6, 12, 15, 16, 28, 33, 35, 43, 46, 48, 52, 64, 65, 255, 257,
]);

/** Distinct names of one pair are counted up to here. */
const MAX_NAMES = 2_048;

interface Channel {
  readonly sourceIp: string;
  readonly resolverIp: string;
  readonly port: number;
  startMicros: number;
  queries: number;
  bytes: number;
  names: Set<string>;
  characters: number;
  /** Queries of other than `ORDINARY_TYPES`. */
  rare: number;
  /** Of the names, those first seen on a connection with a completed handshake (DNS over TCP). */
  provenNames: number;
  provenCharacters: number;
}

export class DnsTunnelDetector implements Detector {
  readonly name = 'dns-tunnel';
  readonly sights = Sight.DNS_QUERY;
  evictions = 0;
  readonly #limits: typeof dnsTunnelDefaults;
  readonly #report: Report;
  readonly #channels = new Map<string, Channel>(); // oldest first
  #names = 0;

  constructor(limits: typeof dnsTunnelDefaults, report: Report) {
    this.#limits = limits;
    this.#report = report;
  }

  observe(seen: Observation): void {
    const { batch, row } = seen;
    if (batch.dnsQuery[row] !== 1 || batch.dstPort[row] === 5353) return;
    const name = batch.dnsQname.get(row);
    if (!name) return;
    const subdomain = subdomainLength(name);
    if (subdomain <= 0) return;
    const domain = name.slice(subdomain + 1);
    const channel = this.#channelOf(domain, seen);
    channel.queries++;
    if (!ORDINARY_TYPES.has(batch.dnsQtype[row]!)) channel.rare++;
    channel.bytes += batch.wireLength[row]!;
    if (channel.names.size < MAX_NAMES && !channel.names.has(name)) {
      channel.names.add(name);
      this.#names++;
      channel.characters += subdomain;
      if (seen.isValidated) {
        channel.provenNames++;
        channel.provenCharacters += subdomain;
      }
      while (this.#names > this.#limits.max_names) this.#evictOldest();
    }
  }

  endStep(endMicros: number): void {
    for (const [key, channel] of this.#channels) {
      this.#judge(channel, key.slice(key.indexOf(' ') + 1), endMicros);
      if (endMicros - channel.startMicros >= this.#limits.window_s * 1e6)
        this.#forget(key, channel);
    }
  }

  #forget(key: string, channel: Channel): void {
    this.#channels.delete(key);
    this.#names -= channel.names.size;
  }

  #evictOldest(): void {
    const [oldest] = this.#channels;
    if (oldest) this.#forget(...oldest);
    this.evictions++;
  }

  #channelOf(domain: string, seen: Observation): Channel {
    const { batch, row } = seen;
    const key = `${seen.sourceKey}/${seen.targetKey} ${domain}`;
    let channel = this.#channels.get(key);
    if (!channel) {
      const version = batch.ipVersion[row] === 6 ? 6 : 4;
      channel = {
        sourceIp: formatIp(batch.src, 4 * row, version),
        resolverIp: formatIp(batch.dst, 4 * row, version),
        port: batch.dstPort[row]!,
        startMicros: seen.tsMicros,
        queries: 0,
        bytes: 0,
        names: new Set(),
        characters: 0,
        rare: 0,
        provenNames: 0,
        provenCharacters: 0,
      };
      this.#channels.set(key, channel);
      if (this.#channels.size > this.#limits.max_pairs) this.#evictOldest();
    }
    return channel;
  }

  #judge(channel: Channel, domain: string, atMicros: number): void {
    const names = channel.names.size;
    const meanLength = channel.characters / names;
    const uniqueRatio = names / channel.queries;
    const limits = this.#limits;
    const rareRatio = channel.rare / channel.queries;
    const isLong = meanLength >= limits.min_mean_length;
    const isRare = rareRatio >= limits.min_rare_type_ratio;
    if (names < limits.min_names || (!isLong && !isRare)) return;
    if (uniqueRatio < limits.min_unique_ratio) return;
    const isProven =
      channel.provenNames >= limits.min_names &&
      channel.provenCharacters >= channel.provenNames * limits.min_mean_length;
    this.#report({
      kind: 'DNS_Tunnel',
      detector: this.name,
      atMicros,
      firstMicros: channel.startMicros,
      sourceIp: channel.sourceIp,
      targetIp: channel.resolverIp,
      targetPort: channel.port,
      protocol: 'UDP',
      confidence: isLong
        ? confidenceOf(names * meanLength, limits.min_names * limits.min_mean_length)
        : confidenceOf(names, limits.min_names),
      summary: `${channel.sourceIp} asked for ${names} different names below ${domain}, ${Math.round(meanLength)} characters long on average`,
      numbers: {
        names,
        mean_length: meanLength,
        unique_ratio: uniqueRatio,
        rare_type_ratio: rareRatio,
        queries: channel.queries,
        domain,
      },
      thresholds: {
        names: limits.min_names,
        ...(isLong && { mean_length: limits.min_mean_length }),
        ...(isRare && { rare_type_ratio: limits.min_rare_type_ratio }),
        unique_ratio: limits.min_unique_ratio,
      },
      provenConfidence: isProven
        ? provenConfidenceOf(channel.provenCharacters, limits.min_names * limits.min_mean_length)
        : 0,
      packets: channel.queries,
      bytes: channel.bytes,
      flows: 0,
    });
  }

  save(writer: StateWriter): void {
    writer.number(this.#channels.size);
    for (const [key, channel] of this.#channels)
      writer.json([key, { ...channel, names: [...channel.names] }]);
    writer.number(this.evictions);
  }

  load(reader: StateReader): void {
    for (let left = reader.count(this.#limits.max_pairs); left > 0; left--) {
      const [key, saved] = reader.json() as [string, Omit<Channel, 'names'> & { names: string[] }];
      this.#channels.set(key, { ...saved, names: new Set(saved.names) });
      this.#names += saved.names.length;
    }
    this.evictions = reader.number();
  }
}
