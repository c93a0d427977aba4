import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { NeverBlockList } from '../core/response/never-block.ts';
import { ownNetworks, parseResolvers, parseRoutes4, parseRoutes6 } from './own-addresses.ts';

afterEach(() => vi.unstubAllEnvs());

describe('ownNetworks', () => {
  it('protects every address of this machine', async () => {
    const list = new NeverBlockList(await ownNetworks());
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    expect(own.length).toBeGreaterThan(0);
    for (const { address } of own) expect(list.isProtected(address.replace(/%.*/, ''))).toBe(true);
  });

  it('protects where the SSH session comes from', async () => {
    vi.stubEnv('SSH_CONNECTION', '203.0.113.77 50000 192.0.2.1 22');
    expect(await ownNetworks()).toContainEqual({
      cidr: '203.0.113.77',
      reason: 'SSH session of the administrator',
    });
  });
});

it('reads the default gateway of /proc/net/route, and no other route', () => {
  const text = [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    'eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0',
    'eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0',
    'eth1\t0000000A\t0201A8C0\t0003\t0\t0\t100\t000000FF\t0\t0\t0',
    'tun0\t00000000\t00000000\t0001\t0\t0\t100\t00000000\t0\t0\t0',
    'rubbish',
  ].join('\n');
  expect(parseRoutes4(text)).toEqual(['192.168.1.1']);
});

it('reads the default gateway of /proc/net/ipv6_route, and no other route', () => {
  const zero = '0'.repeat(32);
  const text = [
    `${zero} 00 ${zero} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0`,
    `20010db8000000000000000000000000 40 ${zero} 00 ${zero} 00000100 00000001 00000000 00000001 eth0`,
    `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200 lo`,
  ].join('\n');
  expect(parseRoutes6(text)).toEqual(['fe80:0000:0000:0000:0000:0000:0000:0001']);
});

it('reads the resolvers of resolv.conf', () => {
  expect(
    parseResolvers(
      '# nameserver 1.1.1.1\nnameserver 192.0.2.53\n nameserver 2001:db8::53 \nsearch x\n',
    ),
  ).toEqual(['192.0.2.53', '2001:db8::53']);
});
