/**
 * What one ARP packet means in the light of those before it: a change of binding, a reply that
 * nobody asked for. One per sensor; it sees every packet once, in order, so that windows only count.
 *
 * Bound: `maxBindings` addresses and as many open requests; past it the one longest unchanged goes.
 */
import type { PacketBatch } from '../../contract/packet-batch.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';

export const ArpOp = { REQUEST: 1, REPLY: 2 } as const;

/** A reply later than this answers no request. */
const REQUEST_MICROS = 10_000_000;

interface OpenRequest {
  at: number;
  /** Requests not yet answered: each asks for one reply. */
  count: number;
}

export class ArpWatch {
  /** Sender and target protocol address are equal. */
  isGratuitous = false;
  /** The sender's address was claimed by another MAC before. */
  isBindingChange = false;
  /** A reply that no request of its receiver asked for. */
  isUnsolicited = false;

  readonly #maxBindings: number;
  readonly #macOf = new Map<number, number>();
  readonly #requests = new Map<number, OpenRequest>();

  constructor(maxBindings = 16_384) {
    this.#maxBindings = maxBindings;
  }

  observe(batch: PacketBatch, row: number): void {
    const sender = batch.arpPsrc[row]!;
    const target = batch.arpPdst[row]!;
    const isReply = batch.arpOp[row] === ArpOp.REPLY;
    this.isGratuitous = sender === target;
    this.isBindingChange = this.#bind(sender, batch.arpHwsrc[row]!);
    this.isUnsolicited = isReply && !this.#answer(target, sender, batch.tsMicros[row]!);
    if (batch.arpOp[row] === ArpOp.REQUEST) this.#ask(sender, target, batch.tsMicros[row]!);
  }

  #bind(address: number, mac: number): boolean {
    // 0.0.0.0 is a probe (RFC 5227): it claims nothing.
    if (address === 0 || mac < 0) return false;
    const before = this.#macOf.get(address);
    if (before === mac) return false;
    this.#macOf.delete(address);
    this.#macOf.set(address, mac);
    trim(this.#macOf, this.#maxBindings);
    return before !== undefined;
  }

  #ask(asker: number, asked: number, tsMicros: number): void {
    const key = requestKey(asker, asked);
    const open = this.#requests.get(key);
    const count = open && tsMicros - open.at <= REQUEST_MICROS ? open.count + 1 : 1;
    this.#requests.delete(key);
    this.#requests.set(key, { at: tsMicros, count });
    trim(this.#requests, this.#maxBindings);
  }

  #answer(asker: number, asked: number, tsMicros: number): boolean {
    const open = this.#requests.get(requestKey(asker, asked));
    if (!open || open.count === 0 || tsMicros - open.at > REQUEST_MICROS) return false;
    open.count--;
    return true;
  }

  save(writer: StateWriter): void {
    writer.numbers([...this.#macOf].flat());
    writer.numbers([...this.#requests].flatMap(([key, { at, count }]) => [key, at, count]));
  }

  /** Into a new one with the same bound. */
  load(reader: StateReader): void {
    const bindings = reader.numbers();
    for (let at = 0; at + 1 < bindings.length; at += 2)
      this.#macOf.set(bindings[at]!, bindings[at + 1]!);
    const requests = reader.numbers();
    for (let at = 0; at + 2 < requests.length; at += 3)
      this.#requests.set(requests[at]!, { at: requests[at + 1]!, count: requests[at + 2]! });
  }
}

/** 53 bits of the two addresses: all of the asker's, 21 mixed ones of the asked. */
function requestKey(asker: number, asked: number): number {
  return asker * 0x200000 + ((Math.imul(asked, 0x9e3779b1) ^ asked) >>> 11);
}

function trim(map: Map<number, unknown>, max: number): void {
  if (map.size <= max) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
