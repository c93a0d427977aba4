/** Which logins a lure lets through: the weak credentials that bots try first, and whatever comes after enough tries. */

export interface LoginPolicy {
  /** `user:password`; `*` for any password. */
  readonly weak: readonly string[];
  /** The try of one session that is let through whatever it is; null: none. */
  readonly acceptTry: number | null;
}

export const LOGIN_POLICY: LoginPolicy = {
  weak: [
    'root:root',
    'root:123456',
    'root:password',
    'root:toor',
    'root:admin',
    'admin:admin',
    'admin:password',
    'admin:123456',
    'user:user',
    'test:test',
    'ubuntu:ubuntu',
    'pi:raspberry',
    'guest:guest',
  ],
  acceptTry: 4,
};

/** `tryNumber` counts the session's attempts from 1. An empty user or password is never let through. */
export function acceptsLogin(
  policy: LoginPolicy,
  username: string,
  password: string,
  tryNumber: number,
): boolean {
  if (username === '' || password === '') return false;
  if (policy.acceptTry !== null && tryNumber >= policy.acceptTry) return true;
  return policy.weak.includes(`${username}:${password}`) || policy.weak.includes(`${username}:*`);
}
