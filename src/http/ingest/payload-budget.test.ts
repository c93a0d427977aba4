import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PayloadBudget } from './payload-budget.ts';

/** Works that end when they are told to. */
function working(budget: PayloadBudget) {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const hold = (name: number, bytes = 1) =>
    budget.hold(bytes, () => {
      begun.push(name);
      return new Promise<void>((resolve) => {
        ends[name] = resolve;
      });
    });
  const end = async (name: number) => {
    ends[name]?.();
    await turn();
  };
  return { begun, hold, end };
}

describe('PayloadBudget', () => {
  it('works on sixteen at once, and on the others in their order', async () => {
    const { begun, hold, end } = working(new PayloadBudget());
    const held = Array.from({ length: 19 }, (_, name) => hold(name));
    expect(begun).toHaveLength(16);
    await end(3);
    await end(7);
    expect(begun.slice(16)).toEqual([16, 17]);
    for (const name of Array.from({ length: 19 }, (_, at) => at)) await end(name);
    await Promise.all(held);
    void hold(100);
    expect(begun).toContain(100);
  });

  it('refuses what does not fit beside the bytes that are held or wait', async () => {
    const { hold, end } = working(new PayloadBudget(20));
    const held = Array.from({ length: 20 }, (_, name) => hold(name));
    await expect(hold(99)).rejects.toMatchObject({ code: 'overloaded' });
    await end(0);
    await held[0];
    void hold(98);
  });

  it('refuses when too many wait', async () => {
    const { hold } = working(new PayloadBudget());
    for (let name = 0; name < 16 + 256; name++) void hold(name);
    await expect(hold(999)).rejects.toMatchObject({ code: 'overloaded' });
  });
});
