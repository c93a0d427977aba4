/**
 * A member of a team whose others are in other threads (`core/models/team.ts`), over shared memory. Who comes first looks for the
 * last for a moment, because the parts are about equal, and then sleeps.
 */
import { SHARE_NUMBERS, type Team } from '../core/models/team.ts';

/** Words of the meeting: how many have come, and which meeting it is. */
const ARRIVED = 0;
const MEETING = 1;
/** Looks of about a microsecond in all each hundred; a sleep and a wake-up cost tens of them. */
const LOOKS = 3000;

export interface TeamMemory {
  readonly meeting: Int32Array;
  /** Two boards, on each `SHARE_NUMBERS` numbers by member: one is read while the other is written. */
  readonly boards: Float64Array;
}

export function createTeamMemory(size: number): TeamMemory {
  return {
    meeting: new Int32Array(new SharedArrayBuffer(8)),
    boards: new Float64Array(new SharedArrayBuffer(2 * 8 * SHARE_NUMBERS * size)),
  };
}

export class SharedTeam implements Team {
  readonly index: number;
  readonly size: number;
  readonly #meeting: Int32Array;
  readonly #boards: readonly (readonly Float64Array[])[];
  #board = 0;

  constructor({ meeting, boards }: TeamMemory, index: number, size: number) {
    this.index = index;
    this.size = size;
    this.#meeting = meeting;
    const placeOf = (at: number) => boards.subarray(at * SHARE_NUMBERS, (at + 1) * SHARE_NUMBERS);
    this.#boards = [0, 1].map((board) =>
      Array.from({ length: size }, (_, member) => placeOf(board * size + member)),
    );
  }

  wait(): void {
    const meeting = this.#meeting;
    const current = Atomics.load(meeting, MEETING);
    if (Atomics.add(meeting, ARRIVED, 1) === this.size - 1) {
      Atomics.store(meeting, ARRIVED, 0);
      Atomics.add(meeting, MEETING, 1);
      Atomics.notify(meeting, MEETING);
      return;
    }
    for (let look = 0; look < LOOKS; look++) {
      if (Atomics.load(meeting, MEETING) !== current) return;
    }
    while (Atomics.load(meeting, MEETING) === current) Atomics.wait(meeting, MEETING, current);
  }

  share(own: Float64Array): readonly Float64Array[] {
    this.#board = 1 - this.#board;
    const board = this.#boards[this.#board] ?? [];
    board[this.index]?.set(own);
    this.wait();
    return board;
  }
}
