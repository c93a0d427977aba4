import { beforeEach, describe, expect, it } from 'vitest';
import type { NeverBlockNetwork } from '../core/response/never-block.ts';
import { Enforcer } from './enforcer.ts';
import { describeFirewall } from './firewall.suite.ts';
import { RecordingFirewall } from './recording.ts';

let nowMs = 1e12;
const now = () => nowMs;

describeFirewall('Enforcer', async () => ({
  firewall: new Enforcer({ firewall: new RecordingFirewall({ now }), now }),
  wait: async (seconds) => {
    nowMs += seconds * 1000;
  },
}));

describe('Enforcer', () => {
  let firewall: RecordingFirewall;
  let own: NeverBlockNetwork[];
  let enforcer: Enforcer;

  beforeEach(async () => {
    own = [{ cidr: '192.0.2.1', reason: 'own address on eth0' }];
    firewall = new RecordingFirewall({ now });
    enforcer = new Enforcer({ firewall, now, discover: async () => own });
    await enforcer.open();
  });

  it.each([
    '192.0.2.1',
    '::ffff:192.0.2.1',
    '127.0.0.1',
    '::1',
    '224.0.0.1',
    'fe80::1',
    '255.255.255.255',
    '0.0.0.0',
  ])('refuses to block %s, alone or among others', async (ip) => {
    const refusal = { code: 'protected_address' };
    await expect(enforcer.block(ip, 60)).rejects.toMatchObject(refusal);
    const pair = ['203.0.113.9', ip].map((each) => ({ ip: each, remainingSeconds: 60 }));
    await expect(enforcer.blockAll(pair)).rejects.toMatchObject(refusal);
    expect(await enforcer.restore(pair)).toBe(1);
    expect(await firewall.list()).toEqual([{ ip: '203.0.113.9', remainingSeconds: 60 }]);
    expect((await enforcer.counts()).refused).toBe(3);
  });

  it('lifts a block on what becomes protected', async () => {
    await enforcer.block('203.0.113.9', null);
    await enforcer.block('198.51.100.9', null);
    await enforcer.protect([{ cidr: '203.0.113.0/24', reason: 'office' }]);
    expect(await firewall.list()).toEqual([{ ip: '198.51.100.9', remainingSeconds: null }]);
    own = [...own, { cidr: '198.51.100.9', reason: 'own address on eth1' }];
    await enforcer.sweep();
    expect(await firewall.list()).toEqual([]);
    await expect(enforcer.block('203.0.113.9', 60)).rejects.toThrow(/office/);
  });

  it('unprotects what is no longer given, but never what is its own', async () => {
    await enforcer.protect([{ cidr: '203.0.113.0/24', reason: 'office' }]);
    await enforcer.protect([]);
    await enforcer.block('203.0.113.9', 60);
    await expect(enforcer.block('192.0.2.1', 60)).rejects.toThrow(/own address/);
  });

  it('brings blocks back after a restart and takes over those still there', async () => {
    await firewall.block('198.51.100.9', 100);
    const next = new Enforcer({ firewall, now });
    await next.open();
    expect(await next.restore([{ ip: '203.0.113.9', remainingSeconds: 50 }])).toBe(1);
    nowMs += 60_000;
    expect((await next.sweep()).expired).toEqual(['203.0.113.9']);
    expect(await next.list()).toEqual([{ ip: '198.51.100.9', remainingSeconds: 40 }]);
  });

  it('tells each end once', async () => {
    await enforcer.block('203.0.113.9', 10);
    expect(await enforcer.sweep()).toEqual({ expired: [], repaired: [] });
    nowMs += 10_000;
    expect((await enforcer.sweep()).expired).toEqual(['203.0.113.9']);
    expect((await enforcer.sweep()).expired).toEqual([]);
    expect(await enforcer.counts()).toMatchObject({ blocked: 1, expired: 1, unblocked: 0 });
  });

  it('puts back what another program has removed, for the time that was left', async () => {
    await enforcer.block('203.0.113.9', 100);
    await enforcer.block('203.0.113.10', null);
    await firewall.removeAll();
    nowMs += 40_000;
    expect((await enforcer.sweep()).repaired).toEqual(['203.0.113.9', '203.0.113.10']);
    expect(await firewall.list()).toEqual([
      { ip: '203.0.113.9', remainingSeconds: 60 },
      { ip: '203.0.113.10', remainingSeconds: null },
    ]);
  });

  it('does not put back what was unblocked', async () => {
    await enforcer.block('203.0.113.9', 100);
    await enforcer.unblock('203.0.113.9');
    await enforcer.block('203.0.113.9', 100);
    await enforcer.removeAll();
    expect(await enforcer.sweep()).toEqual({ expired: [], repaired: [] });
    expect(await firewall.list()).toEqual([]);
  });
});
