/** The cookie that carries a session's token. Scripts cannot read it and no other site can send it. */
import { serialize } from 'hono/utils/cookie';

export const SESSION_SECONDS = 12 * 3600;

/** With https the `__Host-` prefix: the browser then takes it from this host alone, over https alone. */
export function sessionCookieName(https: boolean): string {
  return https ? '__Host-phantomnet_session' : 'phantomnet_session';
}

/** A `Set-Cookie` value; an empty token takes the cookie away. */
export function sessionCookie(token: string, https: boolean): string {
  return serialize(sessionCookieName(https), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: https,
    maxAge: token === '' ? 0 : SESSION_SECONDS,
  });
}
