/**
 * What each target receives in 5 s, by kind of pressure, and who sends it: the one mechanism
 * behind every flood detector. Policy (how much is too much) stands in the detectors.
 *
 * The five seconds are each target's own. They begin when more comes than before: by CUSUM (Page 1954; for SYN floods
 * Wang, Zhang and Shin, INFOCOM 2002) what exceeds `CALM_RATE` is summed, and while the sum is nothing, what came is
 * forgotten. So a flood is measured from its beginning, and no step cuts it in two.
 *
 * Fixed memory: `MAX_TARGETS` (target, kind) pairs at a time, about 400 bytes each; what finds no room
 * is counted. Of each pair the heaviest sources and ports are kept by the Misra-Gries sketch (four
 * counters, error at most a fifth of the packets) and their number by linear counting (1,024 bits:
 * within 5 % to 2,000, a lower bound past 7,000).
 */
import type { NumberArray } from '../../contract/number-array.ts';
import { AppEvent, Protocol } from '../../contract/packet-batch.ts';
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { formatIp } from '../wire/address.ts';
import { STEP_MICROS, TICK_MICROS } from './detector.ts';
import { pairKey } from './endpoint.ts';
import { KeyIndex } from './key-index.ts';
import type { Observation } from './observation.ts';

const MAX_TARGETS = 8_192;
/** Packets per second that no flood's limit is near: half of the lowest by default. */
const CALM_RATE = 25;
/** The sum of what exceeds it stays below, so that it is nothing again five seconds after a flood. */
const MAX_EXCESS = 5 * CALM_RATE;
const HEAVY = 4;
const BITMAP_WORDS = 32;
const BITMAP_BITS = BITMAP_WORDS * 32;

export const Pressure = {
  /** SYN without ACK; answers are SYN-ACKs, completions are finished handshakes. */
  SYN: 1,
  /** First packets of TCP conversations that begin without a SYN. */
  STRAY_TCP: 2,
  /** UDP from the side that began; answers are the other side's. */
  UDP: 3,
  /** ICMP and ICMPv6 requests. */
  ICMP: 4,
  /** HTTP requests. */
  HTTP: 5,
  /** UDP answers that nobody was seen to ask for: the first packet of a flow comes from the server's side. */
  UNASKED_UDP: 6,
} as const;
export type Pressure = (typeof Pressure)[keyof typeof Pressure];

/** What one target received of one kind in one step. */
export interface TargetLoad {
  readonly kind: Pressure;
  readonly targetIp: string;
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
  readonly answers: number;
  readonly answerBytes: number;
  readonly completions: number;
  /** Estimate. */
  readonly sources: number;
  readonly ports: number;
  /** The heaviest source and its share of the packets, 0 to 1, a lower bound. */
  readonly topSourceIp: string;
  readonly topSourceShare: number;
  readonly topPort: number;
  /** The source port of the last packet. */
  readonly sourcePort: number;
  readonly topPortShare: number;
  /** Of the packets, those of conversations with a completed handshake. */
  readonly validated: number;
  /** Union of the TCP flags seen. */
  readonly tcpFlags: number;
  /** Packets whose source is the target itself. */
  readonly land: number;
  readonly firstMicros: number;
  readonly lastMicros: number;
  /** Of packets, bytes and flows, those that were told of before the step's end. */
  readonly toldPackets: number;
  readonly toldBytes: number;
  readonly toldFlows: number;
}

export class TargetPressure {
  readonly #index = new KeyIndex(MAX_TARGETS);
  /** At the last look within the step, and at the one before it. */
  readonly #lookedPackets = new Uint32Array(MAX_TARGETS);
  readonly #settledPackets = new Uint32Array(MAX_TARGETS);
  readonly #toldPackets = new Uint32Array(MAX_TARGETS);
  readonly #toldBytes = new Float64Array(MAX_TARGETS);
  readonly #toldFlows = new Uint32Array(MAX_TARGETS);
  readonly #key = new Float64Array(MAX_TARGETS);
  /** CUSUM: packets above the calm rate. */
  readonly #excess = new Float64Array(MAX_TARGETS);
  #lookedMicros = 0;
  readonly #kind = new Uint8Array(MAX_TARGETS);
  readonly #packets = new Uint32Array(MAX_TARGETS);
  readonly #bytes = new Float64Array(MAX_TARGETS);
  readonly #flows = new Uint32Array(MAX_TARGETS);
  readonly #answers = new Uint32Array(MAX_TARGETS);
  readonly #answerBytes = new Float64Array(MAX_TARGETS);
  readonly #completions = new Uint32Array(MAX_TARGETS);
  readonly #validated = new Uint32Array(MAX_TARGETS);
  readonly #flags = new Uint8Array(MAX_TARGETS);
  readonly #land = new Uint32Array(MAX_TARGETS);
  readonly #sourcePort = new Int32Array(MAX_TARGETS);
  readonly #first = new Float64Array(MAX_TARGETS);
  readonly #last = new Float64Array(MAX_TARGETS);
  readonly #address = new Uint32Array(4 * MAX_TARGETS);
  readonly #version = new Uint8Array(MAX_TARGETS);
  readonly #sourceKeys = new Float64Array(HEAVY * MAX_TARGETS);
  readonly #sourceCounts = new Uint32Array(HEAVY * MAX_TARGETS);
  readonly #sourceAddress = new Uint32Array(4 * HEAVY * MAX_TARGETS);
  readonly #portKeys = new Float64Array(HEAVY * MAX_TARGETS);
  readonly #portCounts = new Uint32Array(HEAVY * MAX_TARGETS);
  readonly #sourceBits = new Uint32Array(BITMAP_WORDS * MAX_TARGETS);
  readonly #portBits = new Uint32Array(BITMAP_WORDS * MAX_TARGETS);

  /** (target, kind) pairs that found no room, since the start. */
  get refused(): number {
    return this.#index.refused;
  }

  observe(seen: Observation): void {
    const { batch, row } = seen;
    switch (batch.protocol[row]) {
      case Protocol.TCP:
        this.#observeTcp(seen);
        break;
      case Protocol.UDP:
        if (seen.isFromOriginator) this.#press(seen, Pressure.UDP);
        else {
          this.#answer(seen, Pressure.UDP);
          if (seen.isNewFlow) this.#press(seen, Pressure.UNASKED_UDP);
        }
        break;
      case Protocol.ICMP:
      case Protocol.ICMPv6:
        if (seen.isFromOriginator) this.#press(seen, Pressure.ICMP);
        else this.#answer(seen, Pressure.ICMP);
        break;
    }
  }

  /**
   * Looks at the loads of at least `minPackets` that `isTold` has not accepted yet, and takes those whose five seconds
   * are over. `isTold` is asked with the load as it is, and as it is without the packets since the last look but one
   * where answers to those matter.
   */
  look(
    nowMicros: number,
    minPackets: number,
    isTold: (load: TargetLoad, settled: TargetLoad) => boolean,
    end: (load: TargetLoad) => void,
  ): void {
    const passed = this.#lookedMicros === 0 ? 0 : Math.max(0, nowMicros - this.#lookedMicros);
    const calm = (CALM_RATE * passed) / 1e6;
    this.#lookedMicros = nowMicros;
    for (let slot = 0; slot < this.#index.size; slot++) {
      const packets = this.#packets[slot]!;
      const looked = this.#lookedPackets[slot]!;
      const excess = Math.max(0, this.#excess[slot]! + packets - looked - calm);
      this.#excess[slot] = Math.min(MAX_EXCESS, excess);
      // At the next look they would be over.
      if (nowMicros - this.#first[slot]! > STEP_MICROS - TICK_MICROS || excess === 0) {
        if (packets >= minPackets) end(this.#load(slot));
        this.#forget(slot);
        continue;
      }
      const settled = this.#settledPackets[slot]!;
      this.#settledPackets[slot] = looked;
      this.#lookedPackets[slot] = packets;
      if (packets < minPackets || this.#toldPackets[slot]! > 0) continue;
      const load = this.#load(slot);
      if (isTold(load, isRefutable(load) ? { ...load, packets: settled } : load)) this.#told(slot);
    }
  }

  /** Shows the loads of now, told or not: `isTold` says whether it tells of them. Targets that are sent nothing lose their place. */
  review(isTold: (load: TargetLoad) => boolean): void {
    let kept = 0;
    for (let slot = 0; slot < this.#index.size; slot++) {
      if (this.#packets[slot]! > 0) {
        if (isTold(this.#load(slot))) this.#told(slot);
        this.#key[kept] = this.#key[slot]!;
        if (kept < slot) this.#move(slot, kept);
        kept++;
      } else {
        this.#forget(slot);
        this.#excess[slot] = 0;
      }
    }
    this.#index.clear();
    for (let slot = 0; slot < kept; slot++) this.#index.findOrAdd(this.#key[slot]!);
  }

  #move(from: number, to: number): void {
    for (const column of this.#columns()) {
      const width = column.length / MAX_TARGETS;
      column.copyWithin(width * to, width * from, width * (from + 1));
    }
    this.#forget(from);
    this.#excess[from] = 0;
  }

  #told(slot: number): void {
    this.#toldPackets[slot] = this.#packets[slot]!;
    this.#toldBytes[slot] = this.#bytes[slot]!;
    this.#toldFlows[slot] = this.#flows[slot]!;
  }

  #observeTcp(seen: Observation): void {
    const { batch, row } = seen;
    const flags = batch.tcpFlags[row]!;
    if (flags < 0) return;
    const isSyn = (flags & 0x02) !== 0;
    const hasAck = (flags & 0x10) !== 0;
    if (isSyn && !hasAck) this.#press(seen, Pressure.SYN);
    else if (isSyn) this.#answer(seen, Pressure.SYN);
    else if (seen.isHandshakeEnd) this.#complete(seen);
    else if (seen.isNewFlow) this.#press(seen, Pressure.STRAY_TCP);
    const events = batch.appEvents[row]!;
    if (events === 0) return;
    if ((events & AppEvent.HTTP_REQUEST) !== 0) this.#press(seen, Pressure.HTTP);
    else if ((events & AppEvent.HTTP_RESPONSE) !== 0) this.#answer(seen, Pressure.HTTP);
  }

  #press(seen: Observation, kind: Pressure): void {
    const { batch, row } = seen;
    const slot = this.#slotOf(seen.targetKey, kind);
    if (slot < 0) return;
    if (this.#packets[slot] === 0) {
      this.#first[slot] = seen.tsMicros;
      this.#version[slot] = batch.ipVersion[row]!;
      this.#address.set(batch.dst.subarray(4 * row, 4 * row + 4), 4 * slot);
    }
    this.#packets[slot]!++;
    this.#last[slot] = seen.tsMicros;
    this.#sourcePort[slot] = batch.srcPort[row]!;
    this.#bytes[slot]! += batch.wireLength[row]!;
    if (seen.isNewFlow) this.#flows[slot]!++;
    if (seen.isValidated) this.#validated[slot]!++;
    if (seen.sourceKey === seen.targetKey) this.#land[slot]!++;
    if (batch.tcpFlags[row]! > 0) this.#flags[slot]! |= batch.tcpFlags[row]!;
    const heavy = countHeavy(this.#sourceKeys, this.#sourceCounts, slot, seen.sourceKey);
    if (heavy >= 0)
      for (let word = 0; word < 4; word++)
        this.#sourceAddress[4 * heavy + word] = batch.src[4 * row + word]!;
    countHeavy(this.#portKeys, this.#portCounts, slot, batch.dstPort[row]!);
    mark(this.#sourceBits, slot, seen.sourceKey);
    mark(this.#portBits, slot, batch.dstPort[row]!);
  }

  /** The packet is an answer: what it answers was pressure on its sender. */
  #answer(seen: Observation, kind: Pressure): void {
    const slot = this.#slotOf(seen.sourceKey, kind);
    if (slot < 0) return;
    this.#answers[slot]!++;
    this.#answerBytes[slot]! += seen.batch.wireLength[seen.row]!;
  }

  #complete(seen: Observation): void {
    const slot = this.#slotOf(seen.targetKey, Pressure.SYN);
    if (slot >= 0) this.#completions[slot]!++;
  }

  #slotOf(endpoint: number, kind: Pressure): number {
    const key = pairKey(endpoint, kind);
    const slot = this.#index.findOrAdd(key);
    if (slot < 0) return slot;
    this.#kind[slot] = kind;
    this.#key[slot] = key;
    return slot;
  }

  #load(slot: number): TargetLoad {
    const packets = this.#packets[slot]!;
    const source = heaviest(this.#sourceCounts, slot);
    const port = heaviest(this.#portCounts, slot);
    const version = this.#version[slot] === 6 ? 6 : 4;
    return {
      kind: this.#kind[slot] as Pressure,
      targetIp: formatIp(this.#address, 4 * slot, version),
      packets,
      bytes: this.#bytes[slot]!,
      flows: this.#flows[slot]!,
      answers: this.#answers[slot]!,
      answerBytes: this.#answerBytes[slot]!,
      completions: this.#completions[slot]!,
      sources: countMarks(this.#sourceBits, slot),
      ports: countMarks(this.#portBits, slot),
      topSourceIp: formatIp(this.#sourceAddress, 4 * source, version),
      topSourceShare: this.#sourceCounts[source]! / packets,
      topPort: this.#portKeys[port]!,
      sourcePort: this.#sourcePort[slot]!,
      topPortShare: this.#portCounts[port]! / packets,
      validated: this.#validated[slot]!,
      tcpFlags: this.#flags[slot]!,
      land: this.#land[slot]!,
      firstMicros: this.#first[slot]!,
      lastMicros: this.#last[slot]!,
      toldPackets: this.#toldPackets[slot]!,
      toldBytes: this.#toldBytes[slot]!,
      toldFlows: this.#toldFlows[slot]!,
    };
  }

  #forget(slot: number): void {
    this.#packets[slot] = 0;
    this.#lookedPackets[slot] = 0;
    this.#settledPackets[slot] = 0;
    this.#toldPackets[slot] = 0;
    this.#toldBytes[slot] = 0;
    this.#toldFlows[slot] = 0;
    this.#bytes[slot] = 0;
    this.#flows[slot] = 0;
    this.#answers[slot] = 0;
    this.#answerBytes[slot] = 0;
    this.#completions[slot] = 0;
    this.#validated[slot] = 0;
    this.#flags[slot] = 0;
    this.#land[slot] = 0;
    this.#sourceCounts.fill(0, HEAVY * slot, HEAVY * (slot + 1));
    this.#portCounts.fill(0, HEAVY * slot, HEAVY * (slot + 1));
    this.#sourceBits.fill(0, BITMAP_WORDS * slot, BITMAP_WORDS * (slot + 1));
    this.#portBits.fill(0, BITMAP_WORDS * slot, BITMAP_WORDS * (slot + 1));
  }

  save(writer: StateWriter): void {
    this.#index.save(writer);
    writer.number(this.#lookedMicros);
    const slots = this.#index.size;
    for (const column of this.#columns())
      writer.array(column, (column.length / MAX_TARGETS) * slots);
  }

  /** Into a new one. */
  load(reader: StateReader): void {
    this.#index.load(reader);
    this.#lookedMicros = reader.number();
    for (const column of this.#columns()) reader.array(column);
  }

  #columns(): NumberArray[] {
    return [
      this.#kind,
      this.#key,
      this.#excess,
      this.#lookedPackets,
      this.#settledPackets,
      this.#toldPackets,
      this.#toldBytes,
      this.#toldFlows,
      this.#packets,
      this.#bytes,
      this.#flows,
      this.#answers,
      this.#answerBytes,
      this.#completions,
      this.#validated,
      this.#flags,
      this.#land,
      this.#sourcePort,
      this.#first,
      this.#last,
      this.#address,
      this.#version,
      this.#sourceKeys,
      this.#sourceCounts,
      this.#sourceAddress,
      this.#portKeys,
      this.#portCounts,
      this.#sourceBits,
      this.#portBits,
    ];
  }
}

/** Answers that come later could show that it was none. Nobody sends to itself over a wire: that needs no answer. */
function isRefutable({ kind, land, packets }: TargetLoad): boolean {
  if (kind === Pressure.HTTP || kind === Pressure.ICMP) return false;
  return land <= packets / 2;
}

/** Misra-Gries: counts `key`; returns its counter, or -1 when it took one off each instead. */
function countHeavy(keys: Float64Array, counts: Uint32Array, slot: number, key: number): number {
  const begin = HEAVY * slot;
  let free = -1;
  for (let at = begin; at < begin + HEAVY; at++) {
    if (counts[at] === 0) free = at;
    else if (keys[at] === key) {
      counts[at]!++;
      return at;
    }
  }
  if (free >= 0) {
    keys[free] = key;
    counts[free] = 1;
    return free;
  }
  for (let at = begin; at < begin + HEAVY; at++) counts[at]!--;
  return -1;
}

function heaviest(counts: Uint32Array, slot: number): number {
  let best = HEAVY * slot;
  for (let at = best + 1; at < HEAVY * (slot + 1); at++) if (counts[at]! > counts[best]!) best = at;
  return best;
}

function mark(bits: Uint32Array, slot: number, key: number): void {
  let mixed = (key | 0) ^ Math.imul((key / 4_294_967_296) | 0, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  const bit = (mixed ^ (mixed >>> 16)) & (BITMAP_BITS - 1);
  bits[BITMAP_WORDS * slot + (bit >>> 5)]! |= 1 << (bit & 31);
}

/** Linear counting (Whang et al. 1990): n ≈ -m ln(share of zero bits). */
function countMarks(bits: Uint32Array, slot: number): number {
  let ones = 0;
  for (let at = BITMAP_WORDS * slot; at < BITMAP_WORDS * (slot + 1); at++) {
    let word = bits[at]!;
    for (; word !== 0; word &= word - 1) ones++;
  }
  const zeros = Math.max(1, BITMAP_BITS - ones);
  return Math.round(-BITMAP_BITS * Math.log(zeros / BITMAP_BITS));
}
