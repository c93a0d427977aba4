/** Two checks against a browser that is being used by somebody else's page. */
import { isIP } from 'node:net';
import { AppError } from '../errors.ts';

/**
 * Cross-site request forgery: an unsafe request that counts on a cookie must come from our own page.
 * SameSite=Strict is the first line; this is the second. Browsers send at least one of the two
 * headers with every unsafe request; a client that sends neither is no browser and has no cookie to lend.
 * @throws AppError forbidden
 */
export function requireSameOrigin(request: Request): void {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none')
    throw new AppError(
      'forbidden',
      `Cannot take this from another site's page: Sec-Fetch-Site is ${site}`,
    );
  const origin = request.headers.get('origin');
  if (origin !== null && !isOwnOrigin(origin, request.headers.get('host')))
    throw new AppError(
      'forbidden',
      `Cannot take this from another site's page: Origin is ${origin}`,
    );
}

function isOwnOrigin(origin: string, host: string | null): boolean {
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/**
 * DNS rebinding: a foreign name that points at us is refused. Addresses cannot be rebound;
 * of names, `localhost` and those configured are ours (`*`: any).
 * @throws AppError invalid_request
 */
export function requireOwnHost(host: string | null, names: readonly string[]): void {
  if (host === null || names.includes('*')) return;
  const name = host
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  if (isIP(name) || name === 'localhost' || name.endsWith('.localhost')) return;
  if (names.some((own) => own.toLowerCase() === name)) return;
  throw new AppError(
    'invalid_request',
    `Cannot serve the host name ${name.slice(0, 255)}: it is not among the configured names`,
  );
}
