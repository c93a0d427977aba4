/** Turns a request into what the route's function takes, or says which field is wrong. */
import type { Context } from 'hono';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { JSON_LIMIT_BYTES, mediaTypeOf, parseJson, readBytes } from './body.ts';
import type { PayloadBudget } from './ingest/payload-budget.ts';
import { InvalidRequest, invalidRequest, pointerTo, type RequestPart } from './invalid-request.ts';
import type { AnyRoute, Payload } from './route.ts';

export interface RequestInput {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly payload: Payload;
}

const NO_PAYLOAD: Payload = { mediaType: '', bytes: new Uint8Array(0) };

/** Calls `work` with the input; memory for a large body is held until it is done. */
export async function readRequest(
  context: Context,
  route: AnyRoute,
  budget: PayloadBudget,
  work: (input: RequestInput) => Promise<Response>,
): Promise<Response> {
  const request = context.req.raw;
  const params = route.params ? parsePart('params', route.params, context.req.param()) : {};
  const query = parsePart('query', route.query ?? z.object({}), singleValues(context));
  if (route.payload) {
    const mediaType = mediaTypeOf(request);
    const accepted = Object.hasOwn(route.payload, mediaType) ? route.payload[mediaType] : undefined;
    if (!accepted) throw wrongMediaType(mediaType, Object.keys(route.payload));
    const { limitBytes } = accepted;
    const declared = request.headers.get('content-length') ?? '';
    const heldBytes = /^\d+$/.test(declared) ? Math.min(Number(declared), limitBytes) : limitBytes;
    return budget.hold(heldBytes, async () => {
      const bytes = await readBytes(request, limitBytes);
      return work({ params, query, body: undefined, payload: { mediaType, bytes } });
    });
  }
  const body = route.body ? await readJson(request, route.body) : undefined;
  return work({ params, query, body, payload: NO_PAYLOAD });
}

async function readJson(request: Request, schema: z.ZodType): Promise<unknown> {
  const mediaType = mediaTypeOf(request);
  if (mediaType !== 'application/json') throw wrongMediaType(mediaType, ['application/json']);
  return parsePart('body', schema, parseJson(await readBytes(request, JSON_LIMIT_BYTES)));
}

/** Unknown query parameters are errors too: a misspelt filter must not select everything. */
function parsePart(part: RequestPart, schema: z.ZodType, value: unknown): unknown {
  const strict = part === 'query' && schema instanceof z.ZodObject ? schema.strict() : schema;
  const result = strict.safeParse(value);
  if (!result.success) throw invalidRequest(part, result.error);
  const holder = nulHolder(result.data, []);
  if (holder)
    throw new InvalidRequest([
      { pointer: pointerTo(part, holder), detail: 'The character U+0000 is not allowed' },
    ]);
  return result.data;
}

/** Where a text has a NUL, which PostgreSQL has no place for. */
function nulHolder(value: unknown, path: readonly string[]): readonly string[] | null {
  if (typeof value === 'string') return value.includes('\0') ? path : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    const holder = nulHolder(inner, [...path, key]);
    if (holder) return holder;
  }
  return null;
}

function singleValues(context: Context): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, [value, second]] of Object.entries(context.req.queries())) {
    if (second !== undefined)
      throw new InvalidRequest([{ pointer: `?${name.slice(0, 100)}`, detail: 'Given twice' }]);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function wrongMediaType(mediaType: string, expected: readonly string[]): AppError {
  return new AppError(
    'invalid_request',
    `Cannot read a body of Content-Type ${JSON.stringify(mediaType.slice(0, 100))}: expected ${expected.join(' or ')}`,
  );
}
