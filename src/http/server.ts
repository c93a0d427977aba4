/**
 * The HTTP application: every route mounted the same way.
 *
 * Host name, then who it is, then whether they may, then whether the request is well-formed, then the
 * route's own function. A failure anywhere becomes a problem document here and nowhere else.
 */
import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Problem } from '../contract/api.ts';
import { AppError } from '../errors.ts';
import { withMissingShards } from '../store/shards/missing-shards.ts';
import { authenticate } from './auth/authenticate.ts';
import { type Caller, NOBODY } from './auth/caller.ts';
import { allows } from './auth/roles.ts';
import { sessionCookieName } from './auth/session-cookie.ts';
import { FailureLog } from './failure-log.ts';
import { createHttpState, type HttpState } from './http-state.ts';
import { internalProblem, problemOf, problemResponse } from './problem.ts';
import { readRequest } from './read-request.ts';
import { checkReply } from './reply.ts';
import type { AnyRoute } from './route.ts';
import { ROUTES } from './routes.ts';
import { requireOwnHost, requireSameOrigin } from './same-origin.ts';
import { securityHeaders } from './security-headers.ts';
import type { Services } from './services.ts';
import { type StaticFiles, staticFiles } from './static-files.ts';

export interface AppOptions {
  /** Clients reach us by https, here or at a proxy before us. */
  readonly https: boolean;
  /** Names besides addresses and `localhost` under which we may be called; `*`: any. */
  readonly hostNames: readonly string[];
  /** Folder of the built dashboard, absolute. */
  readonly webRoot: string;
  /** Hold every reply to its schema, to the last key; for tests. */
  readonly checkReplies?: boolean;
}

type Watched = Services & { readonly failures: FailureLog };

/** Requests that no route or file answers count under this name. */
const NO_ROUTE = 'none';
/** A list of numbers, `1, 3`; absent: the answer is whole. */
const MISSING_SHARDS = 'phantomnet-missing-shards';

export function createApp(
  services: Services,
  options: AppOptions,
  routes: readonly AnyRoute[] = ROUTES,
): Hono {
  const app = new Hono();
  const state = createHttpState(options.https, services);
  const failures = new FailureLog(services.log);
  const watched = { ...services, failures };
  for (const route of routes)
    app.on(route.method, honoPath(route.path), (context) =>
      guarded(context, watched, options, route.path, (headers) =>
        answer(context, route, services, state, options, headers),
      ),
    );
  const files = staticFiles(options.webRoot);
  app.all('*', (context) =>
    guarded(context, watched, options, NO_ROUTE, () => fileOf(context.req.raw, files)),
  );
  return app;
}

/** Host check before, headers, problem documents and counters around `work`. */
async function guarded(
  context: Context,
  services: Watched,
  options: AppOptions,
  name: string,
  work: (headers: Headers) => Promise<Response>,
): Promise<Response> {
  const headers = securityHeaders(options.https);
  const { method } = context.req;
  const stopTimer = services.metrics.requestSeconds.startTimer({ method, route: name });
  let response: Response;
  try {
    requireOwnHost(context.req.header('host') ?? null, options.hostNames);
    response = await work(headers);
    for (const [key, value] of headers)
      if (key !== 'set-cookie' && !response.headers.has(key)) response.headers.set(key, value);
    // Hono answers HEAD by GET and drops the body: a stream must learn that nobody reads it.
    if (method === 'HEAD') await response.body?.cancel();
  } catch (failure) {
    response = problemResponse(toProblem(failure, context.req.raw, services), headers);
  }
  stopTimer();
  services.metrics.requests.inc({ method, route: name, status: response.status });
  return response;
}

async function answer(
  context: Context,
  route: AnyRoute,
  services: Services,
  state: HttpState,
  options: AppOptions,
  headers: Headers,
): Promise<Response> {
  const request = context.req.raw;
  const receivedMs = Date.now();
  const caller = await admit(context, route, services, options, headers);
  const isUnsafe = request.method !== 'GET' && request.method !== 'HEAD';
  if (isUnsafe && caller.via !== 'key') requireSameOrigin(request);
  return readRequest(context, route, state.payloads, async (input) => {
    const reply = await withMissingShards(async (missing) => {
      const answer = await route.handle({
        ...input,
        services,
        state,
        caller,
        address: addressOf(context),
        receivedMs,
        request,
        headers,
      });
      // An answer that lacks what is on a database that is away says so.
      if (missing.size > 0) headers.set(MISSING_SHARDS, [...missing].sort().join(', '));
      return answer;
    });
    if (route.produces !== undefined) return reply as Response;
    if (options.checkReplies) checkReply(route, reply);
    headers.set('cache-control', 'no-store');
    if (route.status === 204) return new Response(null, { status: 204, headers });
    headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(reply), { status: route.status ?? 200, headers });
  });
}

async function admit(
  context: Context,
  { access }: AnyRoute,
  { db }: Services,
  { https }: AppOptions,
  headers: Headers,
): Promise<Caller> {
  if (access === 'public') return NOBODY;
  const caller = await authenticate(
    db,
    context.req.header('authorization'),
    getCookie(context, sessionCookieName(https)),
  );
  if (caller.via === 'nothing') {
    headers.set('www-authenticate', 'Bearer realm="phantomnet"');
    throw new AppError('unauthenticated', 'Sign in, or send an API key as a bearer token');
  }
  if (!allows(access, caller.role))
    throw new AppError('forbidden', `This is for the role ${access}: yours is ${caller.role}`);
  return caller;
}

async function fileOf(request: Request, files: StaticFiles): Promise<Response> {
  const { pathname } = new URL(request.url);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const wantsPage =
    !pathname.startsWith('/api/') && (request.headers.get('accept') ?? '').includes('text/html');
  const response = isRead ? await files.answer(pathname, wantsPage) : null;
  if (response) return response;
  throw new AppError(
    'not_found',
    `There is no ${request.method} ${pathname.slice(0, 200)}; /api/v1/openapi.json lists what there is`,
  );
}

function toProblem(failure: unknown, request: Request, { log, failures }: Watched): Problem {
  const problem = problemOf(failure);
  if (problem) {
    if (failure instanceof AppError && problem.status >= 500)
      failures.note(failure, request.url, performance.now());
    return problem;
  }
  const internal = internalProblem();
  if (request.signal.aborted) log.debug({ err: failure }, 'the client went away');
  else log.error({ err: failure, instance: internal.instance, url: request.url }, 'request failed');
  return internal;
}

/** Remote address; empty for a request made in process. */
function addressOf(context: Context): string {
  return context.env?.incoming ? (getConnInfo(context).remote.address ?? '') : '';
}

/** `/alerts/{id}` as Hono writes it: `/alerts/:id`. */
function honoPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}
