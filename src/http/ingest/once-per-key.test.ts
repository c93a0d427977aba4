import { describe, expect, it } from 'vitest';
import { OncePerKey } from './once-per-key.ts';

const body = new TextEncoder().encode('[1]');
const other = new TextEncoder().encode('[2]');

function counted() {
  const calls = { count: 0 };
  return { calls, deliver: async () => calls.count++ };
}

describe('OncePerKey', () => {
  it('delivers once, also when the repeat comes while the first is under way', async () => {
    const once = new OncePerKey();
    const { calls, deliver } = counted();
    const both = [once.run('lab', 'k1', body, deliver), once.run('lab', 'k1', body, deliver)];
    expect(await Promise.all(both)).toEqual([true, false]);
    expect(await once.run('lab', 'k1', body, deliver)).toBe(false);
    expect(await once.run('other', 'k1', body, deliver)).toBe(true);
    expect(calls.count).toBe(2);
  });

  it('refuses a key that stood for another body, and keys that are none', async () => {
    const once = new OncePerKey();
    const { deliver } = counted();
    await once.run('lab', 'k1', body, deliver);
    await expect(once.run('lab', 'k1', other, deliver)).rejects.toMatchObject({ code: 'conflict' });
    for (const key of ['', 'a b', 'x'.repeat(256)])
      await expect(once.run('lab', key, body, deliver)).rejects.toThrow(/Idempotency-Key/);
  });

  it('lets a failed delivery be tried again', async () => {
    const once = new OncePerKey();
    const { calls, deliver } = counted();
    const failing = once.run('lab', 'k1', body, () => Promise.reject(new Error('no database')));
    await expect(failing).rejects.toThrow('no database');
    expect(await once.run('lab', 'k1', body, deliver)).toBe(true);
    expect(calls.count).toBe(1);
  });
});
