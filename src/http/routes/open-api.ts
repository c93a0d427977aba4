/** The API's own description. */
import { z } from 'zod';
import { openApiDocument } from '../openapi.ts';
import { type AnyRoute, route } from '../route.ts';

/** `routes` is asked when first needed, so that the document can list this route too. */
export function getOpenApi(routes: () => readonly AnyRoute[]) {
  let document: Record<string, unknown> | undefined;
  return route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    access: 'viewer',
    summary: 'This document',
    reply: z.record(z.string(), z.unknown()),
    async handle() {
      document ??= openApiDocument(routes());
      return document;
    },
  });
}
