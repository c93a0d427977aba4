/** What every firewall does, whatever carries it out. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../errors.ts';
import type { Firewall } from './firewall.ts';

/** `make` yields a firewall that nobody has used; `wait` lets that many seconds of its time pass. */
export function describeFirewall(
  name: string,
  make: () => Promise<{ firewall: Firewall; wait: (seconds: number) => Promise<void> }>,
): void {
  describe(name, () => {
    let firewall: Firewall;
    let wait: (seconds: number) => Promise<void>;

    beforeEach(async () => {
      ({ firewall, wait } = await make());
      await firewall.open();
    });
    afterEach(() => firewall.removeAll());

    async function blocked(): Promise<string[]> {
      return (await firewall.list()).map(({ ip }) => ip).sort();
    }

    it('blocks addresses of both versions, in canonical text', async () => {
      await firewall.block('203.0.113.9', null);
      await firewall.block('2001:DB8:0:0::9', 60);
      await firewall.block('::ffff:203.0.113.10', null);
      expect(await blocked()).toEqual(['2001:db8::9', '203.0.113.10', '203.0.113.9']);
    });

    it('says how much time is left', async () => {
      await firewall.block('203.0.113.9', 60);
      await firewall.block('203.0.113.10', null);
      const left = new Map(
        (await firewall.list()).map((block) => [block.ip, block.remainingSeconds]),
      );
      expect(left.get('203.0.113.9')).toBeGreaterThan(40);
      expect(left.get('203.0.113.9')).toBeLessThanOrEqual(60);
      expect(left.get('203.0.113.10')).toBeNull();
    });

    it('replaces the time-out when it blocks again', async () => {
      const left = async () => (await firewall.list()).map((block) => block.remainingSeconds);
      await firewall.block('203.0.113.9', 3000);
      await firewall.block('203.0.113.9', 60);
      expect((await left())[0]).toBeLessThanOrEqual(60);
      await firewall.block('203.0.113.9', 3000);
      expect((await left())[0]).toBeGreaterThan(2000);
      await firewall.block('203.0.113.9', null);
      expect(await left()).toEqual([null]);
    });

    it('ends a block when its time is over', async () => {
      await firewall.block('203.0.113.9', 1);
      await firewall.block('203.0.113.10', 600);
      await wait(1.3);
      expect(await blocked()).toEqual(['203.0.113.10']);
      expect(await firewall.unblock('203.0.113.9')).toBe(false);
    });

    it('unblocks, and says whether there was something to unblock', async () => {
      await firewall.block('203.0.113.9', 60);
      expect(await firewall.unblock('203.0.113.9')).toBe(true);
      expect(await firewall.unblock('203.0.113.9')).toBe(false);
      expect(await blocked()).toEqual([]);
    });

    it('keeps its blocks when it is opened again', async () => {
      await firewall.block('203.0.113.9', 60);
      await firewall.open();
      expect(await blocked()).toEqual(['203.0.113.9']);
    });

    it('removes all, as often as asked, and can block afterwards', async () => {
      await firewall.block('203.0.113.9', 60);
      await firewall.removeAll();
      await firewall.removeAll();
      expect(await blocked()).toEqual([]);
      expect(await firewall.unblock('203.0.113.9')).toBe(false);
      await firewall.block('203.0.113.10', 60);
      expect(await blocked()).toEqual(['203.0.113.10']);
    });

    it('blocks many at once, or none of them', async () => {
      const many = Array.from({ length: 3000 }, (_, index) => ({
        ip: `198.18.${index >> 8}.${index & 255}`,
        remainingSeconds: index % 2 ? 600 : null,
      }));
      await firewall.blockAll(many);
      expect(await firewall.list()).toHaveLength(3000);
      await expect(
        firewall.blockAll([
          { ip: '203.0.113.9', remainingSeconds: 60 },
          { ip: 'nonsense', remainingSeconds: 60 },
        ]),
      ).rejects.toThrow(AppError);
      expect(await firewall.list()).toHaveLength(3000);
    });

    it.each([
      ['', 60],
      ['203.0.113.9; flush ruleset', 60],
      ['203.0.113.0/24', 60],
      ['@blocked4', 60],
      ['fe80::1%eth0', 60],
      ['203.0.113.9', 0],
      ['203.0.113.9', 1.5],
      ['203.0.113.9', Number.POSITIVE_INFINITY],
    ])('refuses to block %j for %d s', async (ip, seconds) => {
      await expect(firewall.block(ip, seconds)).rejects.toMatchObject({ code: 'invalid_request' });
      expect(await blocked()).toEqual([]);
    });
  });
}
