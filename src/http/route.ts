/** A route is data: what it accepts, what it answers, who may call it, and one function. */
import { z } from 'zod';
import type { Caller } from './auth/caller.ts';
import type { Access } from './auth/roles.ts';
import type { HttpState } from './http-state.ts';
import type { Services } from './services.ts';

/** The schema of what is not there: no parameters, no query. */
const Nothing = z.strictObject({});

/** A body that is not (only) a JSON document of a schema: the media types taken, each with its size. */
interface PayloadTypes {
  readonly [mediaType: string]: { readonly limitBytes: number; readonly schema?: z.ZodType };
}

export interface Payload {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

interface RouteContext<Params, Query, Body> {
  readonly services: Services;
  readonly state: HttpState;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Present where the route declares `payload`. */
  readonly payload: Payload;
  readonly caller: Caller;
  /** Remote address of the connection. */
  readonly address: string;
  /** ms since the epoch at which the request began to arrive. */
  readonly receivedMs: number;
  readonly request: Request;
  /** Goes out with the answer, also with a problem. */
  readonly headers: Headers;
}

export interface Route<
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Reply extends z.ZodType,
> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{name}` for each path parameter. */
  readonly path: string;
  readonly access: Access;
  /** One line for the OpenAPI document. */
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  readonly payload?: PayloadTypes;
  readonly reply: Reply;
  /** Of success; 200 where absent. */
  readonly status?: 200 | 201 | 204;
  /** Set where `reply` is `RawReply`: the media type of the Response that `handle` makes itself. */
  readonly produces?: string;
  handle(
    context: RouteContext<z.infer<Params>, z.infer<Query>, z.infer<Body>>,
  ): Promise<z.infer<Reply>>;
}

export type AnyRoute = Route<z.ZodType, z.ZodType, z.ZodType, z.ZodType>;

/** The reply of a route that writes its own Response (a stream, a text format). */
export const RawReply = z.custom<Response>();

/** The reply of a route that answers 204. */
export const NoReply = z.void();

export function route<
  Reply extends z.ZodType,
  Params extends z.ZodType = typeof Nothing,
  Query extends z.ZodType = typeof Nothing,
  Body extends z.ZodType = z.ZodUndefined,
>(definition: Route<Params, Query, Body, Reply>): Route<Params, Query, Body, Reply> {
  return definition;
}
