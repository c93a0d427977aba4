/** Holds a reply to its schema, for tests: right types, and no key that the OpenAPI document does not know. */
import { isDeepStrictEqual } from 'node:util';
import type { AnyRoute } from './route.ts';

/** Throws an Error, a bug by definition, where the reply is not what the route promises. */
export function checkReply(route: AnyRoute, reply: unknown): void {
  const name = `${route.method} ${route.path}`;
  if (route.status === 204) {
    if (reply !== undefined) throw new Error(`${name} answers 204 and replies with something`);
    return;
  }
  const sent: unknown = JSON.parse(JSON.stringify(reply));
  const result = route.reply.safeParse(sent);
  if (!result.success) throw new Error(`${name} breaks its reply schema: ${result.error.message}`);
  if (!isDeepStrictEqual(JSON.parse(JSON.stringify(result.data)), sent))
    throw new Error(`${name} replies with keys that its schema does not have`);
}
