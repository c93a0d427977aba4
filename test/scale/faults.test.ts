/**
 * Each part of the platform fails at a random moment while sensors deliver, on one machine and on many: the rows of
 * each batch, windows, flows, alerts and roll-ups are those of an undisturbed run, none is there twice, and what is
 * missing was counted. PHANTOMNET_FAULTS=all does also what `faults.ts` keeps for that. PHANTOMNET_FAULT_ROUNDS says how
 * often each; 1 where it is not set. PHANTOMNET_FAULT_SEED repeats a round; PHANTOMNET_FAULT_LONG=1 keeps the database
 * away for ten minutes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoNats } from '../../src/bench/nats-servers.ts';
import { withDatabase } from '../support/database.ts';
import { whyNoMount } from '../support/small-disk.ts';
import { type Machines, startMachines } from './cluster.ts';
import { runRound } from './fault-round.ts';
import { FAULTS, type Fault, isLong, type Shape } from './faults.ts';
import { manyMachines, oneMachine, type Scene, type Traffic } from './scene.ts';

const ROUNDS = Number(process.env.PHANTOMNET_FAULT_ROUNDS ?? 1);
const SEED = Number(process.env.PHANTOMNET_FAULT_SEED ?? Date.now() % 2 ** 31);
const isAll = process.env.PHANTOMNET_FAULTS === 'all';
const ROUND_MS = isLong ? 900_000 : 120_000;

for (const why of [whyNoNats, whyNoMount]) if (why) it.skip(`some faults: ${why}`, () => {});

describe.each(rounds())('nothing is lost and nothing doubled, seed %i, when', (seed) => {
  describe('on one machine', () => {
    for (const fault of of('one machine'))
      it.skipIf(fault.ownDisk !== undefined && whyNoMount !== '')(
        fault.name,
        () => round(fault, seed, (traffic) => oneMachine(traffic, fault.ownDisk)),
        ROUND_MS,
      );
  });

  describe.skipIf(whyNoNats)('on many machines', () => onMachines('many machines', 1, seed));
  describe.skipIf(whyNoNats)('on many machines with two databases', () =>
    onMachines('many machines, two databases', 1, seed, 2),
  );
  describe.skipIf(whyNoNats)('on many machines with three nodes', () =>
    onMachines('many machines, three nodes', 3, seed),
  );
});

function onMachines(shape: Shape, nodes: 1 | 3, seed: number, databases: 1 | 2 = 1): void {
  let machines: Machines;
  beforeAll(async () => {
    machines = await startMachines(nodes, databases);
  });
  afterAll(() => machines.stop());
  for (const fault of of(shape))
    it.skipIf(fault.isOnDemand && !isAll)(
      fault.name,
      () => round(fault, seed, (traffic) => manyMachines(machines, traffic)),
      ROUND_MS,
    );
}

async function round(
  fault: Fault,
  seed: number,
  start: (traffic: Traffic) => Promise<Scene>,
): Promise<void> {
  const result = await runRound(fault, seed, start, withDatabase);
  expect(result, result.said).toMatchObject({ twice: 0, isAllEqual: true });
  expect(result.stored).toBe(result.captured - result.dropped);
  if (!fault.mayLose) expect(result.dropped).toBe(0);
}

function of(shape: Shape): Fault[] {
  return FAULTS.filter((fault) => fault.shape === shape);
}

function rounds(): number[] {
  return Array.from({ length: ROUNDS }, (_, round) => SEED + round);
}
