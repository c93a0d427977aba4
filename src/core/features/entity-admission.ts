/**
 * Who has a row once a window has more addresses than rows. As in space-saving (Metwally et al. 2005) the
 * heaviest keep theirs and a later one can take the place of a lighter one; unlike there a newcomer does not
 * inherit what the other had, so every counter is exact from the row's beginning on, and what may have been
 * missed before stands beside it as an upper bound.
 *
 * The rule: an address without a row that leads its bucket of `WaitingAddresses` with at least two votes is
 * compared with the next 8 rows in turn (a clock's hand goes round) and takes the lightest of them that
 * weighs less than its votes. A row weighs its packets, sent and received, and the votes it came in with.
 * Sources made up one by one never have two packets, so they displace nobody; an address is let in at its
 * third packet where nobody else is in its bucket. Taking the lightest of 8 and not of all costs no order to
 * be kept per packet; a heavier one than the newcomer never goes.
 *
 * Nothing of this is touched, nor are its 1.3 MiB there, while all addresses have a row.
 */
import type { StateReader } from '../state/state-reader.ts';
import type { StateWriter } from '../state/state-writer.ts';
import { type EntityTable, sourceRow, targetRow } from './entity-table.ts';
import { WaitingAddresses } from './waiting-addresses.ts';
import type { WindowCounts } from './window-counts.ts';

const ROWS_LOOKED_AT = 8;
const VOTES_NEEDED = 2;
/** Four buckets for each row. */
const BUCKET_BITS_MORE = 2;

export class EntityAdmission {
  /** Some address has had no row. */
  isOpen = false;
  /** Addresses that lost their row. */
  displaced = 0;
  readonly #maxEntities: number;
  #waiting: WaitingAddresses | null = null;
  /** By entity: its votes when it got its row; what it may have sent and received before. */
  #votes = new Float64Array(0);
  #missedSent = new Float64Array(0);
  #missedReceived = new Float64Array(0);
  #hand = 0;

  constructor(maxEntities: number) {
    this.#maxEntities = maxEntities;
  }

  clear(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.displaced = 0;
    this.#hand = 0;
    this.#waiting?.clear();
    this.#votes.fill(0);
    this.#missedSent.fill(0);
    this.#missedReceived.fill(0);
  }

  /** Packets at most that the entity sent and its source row does not count. */
  missedSent(entity: number): number {
    return this.isOpen ? this.#missedSent[entity]! : 0;
  }

  missedReceived(entity: number): number {
    return this.isOpen ? this.#missedReceived[entity]! : 0;
  }

  /** What a row is worth: packets sent and received since it began, and those that brought it in. */
  weight(rows: WindowCounts, entity: number): number {
    const packets = rows.packets(sourceRow(entity)) + rows.packets(targetRow(entity));
    return packets + (this.isOpen ? this.#votes[entity]! : 0);
  }

  /**
   * The address last looked for had no room, and this is a packet from or to it: the entity whose place it
   * now takes, or -1. Never `pinned`, the packet's other end.
   */
  offer(entities: EntityTable, rows: WindowCounts, isSender: boolean, pinned: number): number {
    const waiting = this.open();
    const hash = entities.hash;
    const votes = waiting.note(hash, isSender);
    if (votes < VOTES_NEEDED) return -1;
    const entity = this.#lightest(entities, rows, votes, pinned);
    if (entity < 0) return -1;
    waiting.dismiss(hash);
    this.displace(entities, rows, entity);
    this.#votes[entity] = votes - 1;
    this.#missedSent[entity] = waiting.sent(hash) - (isSender ? 1 : 0);
    this.#missedReceived[entity] = waiting.received(hash) - (isSender ? 0 : 1);
    return entity;
  }

  /** The address last looked for takes the place of `entity`, whose rows begin anew. */
  displace(entities: EntityTable, rows: WindowCounts, entity: number): void {
    this.displaced++;
    this.leave(entities, rows, entity);
    entities.takeOver(entity);
    rows.restart(sourceRow(entity));
    rows.restart(targetRow(entity));
    this.#votes[entity] = 0;
    this.#missedSent[entity] = 0;
    this.#missedReceived[entity] = 0;
  }

  /** An entity, of this or another table, has no row here: its packets count as missed. */
  leave(entities: EntityTable, rows: WindowCounts, entity: number): void {
    const sent = rows.packets(sourceRow(entity));
    const received = rows.packets(targetRow(entity));
    this.open().take(entities.hashOf(entity), sent, received);
  }

  /** The entity here is also what `entity` of another part was, with what that part missed of it. */
  inherit(mine: number, other: EntityAdmission, entity: number): void {
    if (!other.isOpen) return;
    this.#votes[mine]! += other.#votes[entity]!;
    this.#missedSent[mine]! += other.#missedSent[entity]!;
    this.#missedReceived[mine]! += other.#missedReceived[entity]!;
  }

  /** The entity had no row in a part whose waiting addresses are those of `other`. */
  missIn(mine: number, other: EntityAdmission, hash: number): void {
    if (other.#waiting === null || !other.isOpen) return;
    this.#missedSent[mine]! += other.#waiting.sent(hash);
    this.#missedReceived[mine]! += other.#waiting.received(hash);
  }

  mergeWaiting(other: EntityAdmission): void {
    this.displaced += other.displaced;
    if (other.isOpen && other.#waiting) this.open().merge(other.#waiting);
  }

  open(): WaitingAddresses {
    this.isOpen = true;
    if (this.#waiting) return this.#waiting;
    const bits = 32 - Math.clz32(Math.max(1, this.#maxEntities - 1)) + BUCKET_BITS_MORE;
    this.#waiting = new WaitingAddresses(bits);
    this.#votes = new Float64Array(this.#maxEntities);
    this.#missedSent = new Float64Array(this.#maxEntities);
    this.#missedReceived = new Float64Array(this.#maxEntities);
    return this.#waiting;
  }

  #lightest(entities: EntityTable, rows: WindowCounts, below: number, pinned: number): number {
    let lightest = -1;
    let weight = below;
    for (let looked = 0; looked < ROWS_LOOKED_AT; looked++) {
      const entity = this.#hand < entities.length ? this.#hand : 0;
      this.#hand = entity + 1;
      if (entity === pinned || !entities.isReplaceable(entity)) continue;
      const its = this.weight(rows, entity);
      if (its >= weight) continue;
      lightest = entity;
      weight = its;
    }
    return lightest;
  }

  save(writer: StateWriter): void {
    writer.number(this.isOpen ? 1 : 0);
    if (!this.isOpen) return;
    this.open().save(writer);
    for (const column of [this.#votes, this.#missedSent, this.#missedReceived])
      writer.array(column);
    writer.number(this.#hand);
    writer.number(this.displaced);
  }

  /** Into a new one for as many entities. */
  load(reader: StateReader): void {
    if (reader.count(1) === 0) return;
    this.open().load(reader);
    for (const column of [this.#votes, this.#missedSent, this.#missedReceived])
      reader.array(column);
    this.#hand = reader.number();
    this.displaced = reader.number();
  }
}
