/** Signing in and out, and the password. */
import { Credentials, PasswordChange, Session } from '../../contract/api.ts';
import { AppError } from '../../errors.ts';
import { sessionCookie } from '../auth/session-cookie.ts';
import { changePassword, signIn, signOut } from '../auth/sessions.ts';
import { NoReply, route } from '../route.ts';

const PATH = '/api/v1/session';

export const postSession = route({
  method: 'POST',
  path: PATH,
  access: 'public',
  summary: 'Sign in; sets the session cookie',
  body: Credentials,
  reply: Session,
  async handle({ services, state, body, address, headers }) {
    const { db, metrics } = services;
    const waitSeconds = state.loginLimit.attempt(address, body.username, Date.now());
    if (waitSeconds > 0) {
      metrics.logins.inc({ result: 'limited' });
      headers.set('retry-after', String(waitSeconds));
      throw new AppError('rate_limited', `Too many log-ins failed: wait ${waitSeconds} s`);
    }
    const signedIn = await signIn(db, body);
    if (!signedIn) {
      metrics.logins.inc({ result: 'wrong' });
      services.log.warn({ address, username: body.username }, 'log-in failed');
      throw new AppError('unauthenticated', 'User name or password are wrong');
    }
    metrics.logins.inc({ result: 'accepted' });
    state.loginLimit.succeeded(address, body.username);
    headers.append('set-cookie', sessionCookie(signedIn.token, state.https));
    return signedIn.session;
  },
});

export const getSession = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'Who one is',
  reply: Session,
  async handle({ caller }) {
    if (caller.via !== 'session') throw noSession();
    const { name, role, expiresAt } = caller;
    return { username: name, role, expires_at: expiresAt.toISOString() };
  },
});

export const deleteSession = route({
  method: 'DELETE',
  path: PATH,
  access: 'viewer',
  summary: 'Sign out',
  status: 204,
  reply: NoReply,
  async handle({ services, state, caller, headers }) {
    if (caller.via !== 'session') throw noSession();
    await signOut(services.db, caller.tokenHash);
    headers.append('set-cookie', sessionCookie('', state.https));
  },
});

export const putPassword = route({
  method: 'PUT',
  path: `${PATH}/password`,
  access: 'viewer',
  summary: 'Change the own password; all other sessions of the user end',
  body: PasswordChange,
  status: 204,
  reply: NoReply,
  async handle({ services, state, caller, body, address, headers }) {
    if (caller.via !== 'session') throw noSession();
    const waitSeconds = state.loginLimit.attempt(address, caller.name, Date.now());
    if (waitSeconds > 0) {
      headers.set('retry-after', String(waitSeconds));
      throw new AppError('rate_limited', `Too many passwords were wrong: wait ${waitSeconds} s`);
    }
    await changePassword(services.db, caller, body);
    state.loginLimit.succeeded(address, caller.name);
  },
});

function noSession(): AppError {
  return new AppError('not_found', 'There is no session: the request came with an API key');
}
