/**
 * Brings the entities of two window parts together, with the counters of their rows. Where the rows do not
 * suffice the heaviest of both have one, ties by address, and what the others had counts as missed.
 */
import type { EntityAdmission } from './entity-admission.ts';
import { type EntityTable, NETWORK_ROW, sourceRow, targetRow } from './entity-table.ts';
import type { WindowCounts } from './window-counts.ts';

export interface WindowEntities {
  readonly entities: EntityTable;
  readonly admission: EntityAdmission;
  readonly rows: WindowCounts;
}

/** Adds `from` to `into`; the number there of each entity of `from`, or -1. */
export function mergeEntities(into: WindowEntities, from: WindowEntities): Int32Array {
  const { entities, admission, rows } = into;
  const before = entities.length;
  const wasOpen = admission.isOpen;
  const entityOf = new Int32Array(from.entities.length);
  const isMet = new Uint8Array(before);
  const rowless: number[] = [];
  for (let entity = 0; entity < entityOf.length; entity++) {
    const mine = entities.ofEntity(from.entities, entity);
    entityOf[entity] = mine;
    if (mine < 0) rowless.push(entity);
    else if (mine < before) isMet[mine] = 1;
  }
  rows.grow(2 * entities.capacity + 1);
  rows.absorb(NETWORK_ROW, from.rows, NETWORK_ROW);
  for (let entity = 0; entity < entityOf.length; entity++)
    if (entityOf[entity]! >= 0) absorbRows(into, entityOf[entity]!, from, entity);
  if (rowless.length === 0 && !wasOpen && !from.admission.isOpen) return entityOf;

  admission.open();
  for (let entity = 0; entity < entityOf.length; entity++) {
    const mine = entityOf[entity]!;
    if (mine < 0) continue;
    admission.inherit(mine, from.admission, entity);
    if (wasOpen && mine >= before) admission.missIn(mine, admission, entities.hashOf(mine));
  }
  for (let mine = 0; mine < before; mine++)
    if (isMet[mine] === 0) admission.missIn(mine, from.admission, entities.hashOf(mine));
  seatHeaviest(into, from, entityOf, rowless, wasOpen);
  admission.mergeWaiting(from.admission);
  return entityOf;
}

/** Of those without a row and those with one, the heaviest get the rows. */
function seatHeaviest(
  into: WindowEntities,
  from: WindowEntities,
  entityOf: Int32Array,
  rowless: number[],
  wasOpen: boolean,
): void {
  if (rowless.length === 0) return;
  const { entities, admission, rows } = into;
  const lightest = byWeight(into, allOf(entities));
  let next = 0;
  for (const entity of byWeight(from, rowless).reverse()) {
    while (next < lightest.length && !entities.isReplaceable(lightest[next]!)) next++;
    const seat = lightest[next];
    const weight = from.admission.weight(from.rows, entity);
    if (seat === undefined || admission.weight(rows, seat) >= weight) {
      admission.leave(from.entities, from.rows, entity);
      continue;
    }
    next++;
    const hash = from.entities.hashOf(entity);
    // Not there: it becomes the address last looked for.
    entities.ofEntity(from.entities, entity);
    admission.displace(entities, rows, seat);
    if (wasOpen) admission.missIn(seat, admission, hash);
    admission.inherit(seat, from.admission, entity);
    absorbRows(into, seat, from, entity);
    entityOf[entity] = seat;
  }
}

function absorbRows(into: WindowEntities, mine: number, from: WindowEntities, other: number): void {
  into.rows.absorb(sourceRow(mine), from.rows, sourceRow(other));
  into.rows.absorb(targetRow(mine), from.rows, targetRow(other));
}

/** Lightest first. */
function byWeight({ entities, admission, rows }: WindowEntities, of: number[]): number[] {
  const weights = new Map(of.map((entity) => [entity, admission.weight(rows, entity)]));
  return of.sort((a, b) => weights.get(a)! - weights.get(b)! || entities.compare(b, a));
}

function allOf({ length }: EntityTable): number[] {
  return Array.from({ length }, (_, entity) => entity);
}
