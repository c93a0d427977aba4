import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeFirewall } from './firewall.suite.ts';
import { Namespace, whyNoNamespaces } from './namespace.suite.ts';
import { Nftables } from './nftables.ts';

const reason = await whyNoNamespaces();

describe.skipIf(reason !== null)(
  `Nftables in a network namespace${reason ? ` (skipped: ${reason})` : ''}`,
  () => {
    let namespace: Namespace;
    const make = () => new Nftables({ command: namespace.command('nft') });

    beforeAll(async () => {
      namespace = await Namespace.create();
    });
    afterAll(() => namespace.remove());

    describeFirewall('Nftables', async () => ({
      firewall: make(),
      wait: (seconds) => sleep(seconds * 1000),
    }));

    it('has two drop rules and one chain, however often it is opened', async () => {
      const firewall = make();
      for (let time = 0; time < 3; time++) await firewall.open();
      const rules = await namespace.run('nft', 'list', 'table', 'inet', 'phantomnet');
      expect(rules.match(/ drop$/gm)).toHaveLength(2);
      expect(rules.match(/\bchain /g)).toHaveLength(1);
      expect(rules).toMatch(/hook prerouting priority raw - 10/);
      await firewall.removeAll();
    });

    it('leaves the tables of others alone', async () => {
      await namespace.run('nft', 'add', 'table', 'inet', 'other');
      const firewall = make();
      await firewall.open();
      await firewall.block('203.0.113.9', null);
      await firewall.removeAll();
      expect((await namespace.run('nft', 'list', 'tables')).trim()).toBe('table inet other');
      await namespace.run('nft', 'delete', 'table', 'inet', 'other');
    });

    it('makes its table anew when another program has flushed the ruleset', async () => {
      const firewall = make();
      await firewall.open();
      await namespace.run('nft', 'flush', 'ruleset');
      expect(await firewall.list()).toEqual([]);
      await firewall.block('203.0.113.9', 60);
      expect(await firewall.list()).toHaveLength(1);
      await firewall.removeAll();
    });

    it('names the missing capability', async () => {
      const command = namespace.command('setpriv', '--bounding-set', '-net_admin', 'nft');
      await expect(new Nftables({ command }).open()).rejects.toMatchObject({
        code: 'firewall_unavailable',
        message: expect.stringContaining('CAP_NET_ADMIN'),
      });
    });

    it('refuses more than a set holds', async () => {
      const firewall = make();
      await firewall.open();
      const blocks = Array.from({ length: 65_536 }, (_, index) => ({
        ip: `10.0.${index >> 8}.${index & 255}`,
        remainingSeconds: null,
      }));
      await firewall.blockAll(blocks);
      await expect(firewall.block('203.0.113.9', 60)).rejects.toMatchObject({ code: 'overloaded' });
      expect(await firewall.list()).toHaveLength(65_536);
      await firewall.removeAll();
    });
  },
);

it('names the missing program', async () => {
  await expect(new Nftables({ command: ['no-such-nft'] }).open()).rejects.toMatchObject({
    code: 'firewall_unavailable',
    message: expect.stringContaining('no-such-nft'),
  });
});
