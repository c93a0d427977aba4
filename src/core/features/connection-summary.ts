/** What a window's connections come to, row by row, at its close. */
import { ConnBit, type ConnTable } from './conn-table.ts';
import { type EntityTable, NETWORK_ROW, sourceRow, targetRow } from './entity-table.ts';

export class ConnectionSummary {
  conns = new Uint32Array(0);
  halfOpen = new Uint32Array(0);
  /** µs. */
  ages = new Float64Array(0);
  bytes = new Float64Array(0);
  partialRequests = new Uint32Array(0);
  completedRequests = new Uint32Array(0);
  /** Most connections open at once. */
  mostOpen = new Uint32Array(0);
  #open = new Int32Array(0);

  /** Fills the rows of `entities` from the connections of the window that starts at `startMicros`. */
  fill(conns: ConnTable, entities: EntityTable, startMicros: number): void {
    this.#clear(2 * entities.length + 1);
    for (let conn = 0; conn < conns.length; conn++) {
      if (!(conns.bits[conn]! & ConnBit.TCP)) continue;
      this.#add(NETWORK_ROW, conns, conn);
      this.#add(sourceRow(entities.entityOf(conns.originator[conn]!)), conns, conn);
      this.#add(targetRow(entities.entityOf(conns.responder[conn]!)), conns, conn);
    }
    this.#sweep(conns, entities, startMicros);
  }

  #add(row: number, conns: ConnTable, conn: number): void {
    if (row < 0) return;
    const bits = conns.bits[conn]!;
    this.conns[row]!++;
    if (bits & ConnBit.SYN && !(bits & ConnBit.ANSWERED)) this.halfOpen[row]!++;
    this.ages[row]! += Math.max(0, conns.lastSeen[conn]! - conns.firstSeen[conn]!);
    this.bytes[row]! += conns.bytes[conn]!;
    this.completedRequests[row]! += conns.completedRequests[conn]!;
    this.partialRequests[row]! += conns.requestMark[conn]! % 2;
  }

  /** Walks through openings and closings in the order of time; at the same µs, closings first. */
  #sweep(conns: ConnTable, entities: EntityTable, startMicros: number): void {
    const opened: number[] = [];
    const closed: number[] = [];
    for (let conn = 0; conn < conns.length; conn++) {
      const end = conns.closedAt[conn]!;
      if (conns.openedAt[conn] === Number.POSITIVE_INFINITY || end <= startMicros) continue;
      if (end <= conns.openedAt[conn]!) continue;
      opened.push(conn);
      if (end !== Number.POSITIVE_INFINITY) closed.push(conn);
    }
    opened.sort((a, b) => conns.openedAt[a]! - conns.openedAt[b]! || a - b);
    closed.sort((a, b) => conns.closedAt[a]! - conns.closedAt[b]! || a - b);
    let next = 0;
    for (const conn of opened) {
      while (next < closed.length && conns.closedAt[closed[next]!]! <= conns.openedAt[conn]!)
        this.#move(conns, entities, closed[next++]!, -1);
      this.#move(conns, entities, conn, 1);
    }
  }

  #move(conns: ConnTable, entities: EntityTable, conn: number, step: 1 | -1): void {
    this.#step(NETWORK_ROW, step);
    this.#step(sourceRow(entities.entityOf(conns.originator[conn]!)), step);
    this.#step(targetRow(entities.entityOf(conns.responder[conn]!)), step);
  }

  #step(row: number, step: 1 | -1): void {
    if (row < 0) return;
    const open = this.#open[row]! + step;
    this.#open[row] = open;
    if (open > this.mostOpen[row]!) this.mostOpen[row] = open;
  }

  #clear(rows: number): void {
    if (this.conns.length < rows) {
      this.conns = new Uint32Array(rows);
      this.halfOpen = new Uint32Array(rows);
      this.ages = new Float64Array(rows);
      this.bytes = new Float64Array(rows);
      this.partialRequests = new Uint32Array(rows);
      this.completedRequests = new Uint32Array(rows);
      this.mostOpen = new Uint32Array(rows);
      this.#open = new Int32Array(rows);
      return;
    }
    this.conns.fill(0, 0, rows);
    this.halfOpen.fill(0, 0, rows);
    this.ages.fill(0, 0, rows);
    this.bytes.fill(0, 0, rows);
    this.partialRequests.fill(0, 0, rows);
    this.completedRequests.fill(0, 0, rows);
    this.mostOpen.fill(0, 0, rows);
    this.#open.fill(0, 0, rows);
  }
}
