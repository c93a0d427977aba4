import { describe, expect, it } from 'vitest';
import { LOGIN_WINDOW_MS, LoginLimit } from './login-limit.ts';

function attempts(
  limit: LoginLimit,
  count: number,
  address: string,
  name: (index: number) => string,
) {
  return Array.from({ length: count }, (_, index) => limit.attempt(address, name(index), 0));
}

describe('LoginLimit', () => {
  it('lets five guesses at one user through from one address, then says how long to wait', () => {
    const limit = new LoginLimit();
    expect(attempts(limit, 5, '192.0.2.1', () => 'admin')).toEqual([0, 0, 0, 0, 0]);
    expect(limit.attempt('192.0.2.1', 'ADMIN', 60_000)).toBe(14 * 60);
    expect(limit.attempt('192.0.2.2', 'admin', 60_000)).toBe(0);
    expect(limit.attempt('192.0.2.1', 'admin', LOGIN_WINDOW_MS)).toBe(0);
  });

  it('stops one address that tries many users', () => {
    const limit = new LoginLimit();
    const waits = attempts(limit, 25, '192.0.2.1', (index) => `user${index}`);
    expect(waits.filter((wait) => wait === 0)).toHaveLength(20);
  });

  it('stops many addresses that try one user', () => {
    const limit = new LoginLimit();
    const waits = Array.from({ length: 120 }, (_, index) =>
      limit.attempt(`198.51.100.${index}`, 'admin', 0),
    );
    expect(waits.filter((wait) => wait === 0)).toHaveLength(100);
  });

  it('counts a /64 as one IPv6 address, and a mapped address as IPv4', () => {
    const limit = new LoginLimit();
    for (let host = 1; host <= 5; host++) limit.attempt(`2001:db8:0:1::${host}`, 'admin', 0);
    expect(limit.attempt('2001:db8:0:1:ffff::1', 'admin', 0)).toBeGreaterThan(0);
    expect(limit.attempt('2001:db8:0:2::1', 'admin', 0)).toBe(0);
    attempts(limit, 5, '::ffff:192.0.2.9', () => 'root');
    expect(limit.attempt('192.0.2.9', 'root', 0)).toBeGreaterThan(0);
  });

  it('forgets the failures of a user who got in', () => {
    const limit = new LoginLimit();
    attempts(limit, 5, '192.0.2.1', () => 'admin');
    limit.succeeded('192.0.2.1', 'admin');
    expect(limit.attempt('192.0.2.1', 'admin', 0)).toBe(0);
  });

  it('keeps a bounded table whatever names are tried, and counts what it dropped', () => {
    const limit = new LoginLimit();
    for (let index = 0; index < 20_000; index++)
      limit.attempt(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, `user${index}`, 0);
    expect(limit.evictions).toBe(3 * 20_000 - 10_000);
  });
});
