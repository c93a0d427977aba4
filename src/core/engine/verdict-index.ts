/**
 * Which alert in progress a packet belongs to, by two look-ups. Only what the attacker sends belongs to
 * an alert: the answers of the victim do not count as attacks. Entries age with packet time.
 */

import { Verdict } from '../../contract/alert.ts';
import { ALERT_KIND_NAMES } from '../../contract/alert-kinds.ts';
import { ALERT_THRESHOLD, type PacketVerdicts } from '../../contract/analysis.ts';
import { type PacketBatch, PROTOCOLS } from '../../contract/packet-batch.ts';
import type { Incident } from '../detection/alert-book.ts';
import { endpointKey } from '../detection/endpoint.ts';
import { incidentAt } from '../detection/incident-state.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { parseIp } from '../wire/address.ts';

/** An attack is taken to go on for this long after its last detection. */
const LINGER_MICROS = 15e6;
const MAX_ENTRIES = 20_000;

interface Entry {
  readonly incident: Incident;
  readonly source: number;
  readonly target: number;
  readonly port: number;
  readonly protocol: number;
  readonly kind: number;
}

type SavedEntry = Omit<Entry, 'incident'> & { readonly incident: number };

const NO_ADDRESS = -1;

export class VerdictIndex {
  /** Alerts that packets were not matched with because there were too many, since the start. */
  refused = 0;
  readonly #bySource = new Map<number, Entry[]>();
  /** Alerts without a source. */
  readonly #byTarget = new Map<number, Entry[]>();
  readonly #words = new Uint32Array(4);
  #size = 0;

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  add(incident: Incident): void {
    const { alert } = incident;
    const source = this.#keyOf(alert.source_ip);
    const target = this.#keyOf(alert.destination_ip);
    if (source === NO_ADDRESS && target === NO_ADDRESS) return;
    if (this.#size >= MAX_ENTRIES) {
      this.refused++;
      return;
    }
    const map = source === NO_ADDRESS ? this.#byTarget : this.#bySource;
    const key = source === NO_ADDRESS ? target : source;
    const entry: Entry = {
      incident,
      source,
      target,
      port: alert.destination_port ?? -1,
      protocol: PROTOCOLS.indexOf(alert.protocol as (typeof PROTOCOLS)[number]),
      kind: ALERT_KIND_NAMES.indexOf(alert.alert_type),
    };
    const entries = map.get(key);
    if (entries) entries.push(entry);
    else map.set(key, [entry]);
    this.#size++;
  }

  /** Forgets alerts that have been quiet by `nowMicros`. */
  expire(nowMicros: number): void {
    if (this.#size === 0) return;
    for (const map of [this.#bySource, this.#byTarget]) {
      for (const [key, entries] of map) {
        const going = entries.filter(
          ({ incident }) => incident.lastMicros + LINGER_MICROS >= nowMicros,
        );
        this.#size -= entries.length - going.length;
        if (going.length === 0) map.delete(key);
        else map.set(key, going);
      }
    }
  }

  /** Writes the verdict of packet `row`: the strongest alert it belongs to, else "benign so far". */
  mark(batch: PacketBatch, row: number, source: number, target: number, out: PacketVerdicts): void {
    out.threatScore[row] = 0;
    out.attackKind[row] = -1;
    out.decision[row] = Verdict.options.indexOf('ALLOW');
    if (this.#size === 0) return;
    this.#markFrom(this.#bySource.get(source), batch, row, target, out);
    this.#markFrom(this.#byTarget.get(target), batch, row, target, out);
  }

  #markFrom(
    entries: Entry[] | undefined,
    batch: PacketBatch,
    row: number,
    target: number,
    out: PacketVerdicts,
  ): void {
    if (!entries) return;
    for (const { incident, target: wanted, port, protocol, kind } of entries) {
      if (wanted !== NO_ADDRESS && wanted !== target) continue;
      if (port >= 0 && port !== batch.dstPort[row]) continue;
      if (protocol >= 0 && protocol !== batch.protocol[row]) continue;
      const { confidence, decision } = incident.alert;
      if (confidence < ALERT_THRESHOLD || confidence <= out.threatScore[row]!) continue;
      out.threatScore[row] = confidence;
      out.attackKind[row] = kind;
      out.decision[row] = Verdict.options.indexOf(decision);
    }
  }

  #keyOf(ip: string | null): number {
    if (ip === null) return NO_ADDRESS;
    const version = parseIp(ip, this.#words, 0);
    return version === 0 ? NO_ADDRESS : endpointKey(this.#words, 0, version);
  }

  *incidents(): Generator<Incident> {
    for (const map of [this.#bySource, this.#byTarget])
      for (const entries of map.values()) for (const { incident } of entries) yield incident;
  }

  /** Incidents by their numbers. */
  save(writer: StateWriter, numbers: ReadonlyMap<Incident, number>): void {
    for (const map of [this.#bySource, this.#byTarget])
      writer.json(
        [...map].map(([key, entries]) => [
          key,
          entries.map((entry) => ({ ...entry, incident: numbers.get(entry.incident) })),
        ]),
      );
    writer.number(this.refused);
  }

  /** Into a new index. */
  load(reader: StateReader, incidents: readonly Incident[]): void {
    for (const map of [this.#bySource, this.#byTarget]) {
      for (const [key, saved] of reader.json() as [number, SavedEntry[]][]) {
        const entries = saved.map((entry) => ({
          ...entry,
          incident: incidentAt(incidents, entry.incident),
        }));
        map.set(key, entries);
        this.#size += entries.length;
      }
    }
    this.refused = reader.number();
  }
}
