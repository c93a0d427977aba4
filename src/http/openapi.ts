/** The OpenAPI 3.1 document, drawn from the route data: there is no second list to keep in step. */
import { z } from 'zod';
import * as alertSchemas from '../contract/alert.ts';
import * as filterSchemas from '../contract/alert-filter.ts';
import * as apiSchemas from '../contract/api.ts';
import * as decisionSchemas from '../contract/decision.ts';
import * as lureSchemas from '../contract/lure.ts';
import * as modelSchemas from '../contract/model.ts';
import * as previewSchemas from '../contract/preview.ts';
import * as storySchemas from '../contract/story.ts';
import * as suppressionSchemas from '../contract/suppression.ts';
import * as triageSchemas from '../contract/triage.ts';
import { PROBLEM_MEDIA_TYPE } from './problem.ts';
import type { AnyRoute } from './route.ts';

/** Of the API, not of the program. */
const API_VERSION = '1.0.0';

type Json = Record<string, unknown>;

const CONTRACT = {
  ...alertSchemas,
  ...apiSchemas,
  ...decisionSchemas,
  ...filterSchemas,
  ...lureSchemas,
  ...previewSchemas,
  ...storySchemas,
  ...suppressionSchemas,
  ...triageSchemas,
  ...modelSchemas,
};

const refTo = (name: string) => `#/components/schemas/${name}`;

export function openApiDocument(routes: readonly AnyRoute[]): Json {
  const { schemas, nameOf } = replySchemas(routes);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const operation = { [route.method.toLowerCase()]: operationOf(route, nameOf) };
    paths[route.path] = { ...paths[route.path], ...operation };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'PhantomNet',
      version: API_VERSION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, pn_…' },
        session: { type: 'apiKey', in: 'cookie', name: 'phantomnet_session' },
      },
    },
  };
}

function operationIdOf({ method, path }: Pick<AnyRoute, 'method' | 'path'>): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return (
    method.toLowerCase() +
    words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
  );
}

function operationOf(route: AnyRoute, nameOf: Map<z.ZodType, string>): Json {
  const status = route.status ?? 200;
  const isPublic = route.access === 'public';
  return {
    operationId: operationIdOf(route),
    summary: route.summary,
    tags: [route.path.startsWith('/api/v1/') ? (route.path.split('/')[3] ?? '') : 'kept'],
    ...(!isPublic && { 'x-role': route.access }),
    security: isPublic ? [] : [{ key: [] }, { session: [] }],
    parameters: [...parametersOf('path', route.params), ...parametersOf('query', route.query)],
    ...requestBodyOf(route),
    responses: {
      [status]: {
        description: 'Done',
        ...(status !== 204 && { content: replyContentOf(route, nameOf) }),
      },
      default: {
        description: 'What went wrong, RFC 9457',
        content: { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: refTo('Problem') } } },
      },
    },
  };
}

function parametersOf(place: 'path' | 'query', schema: z.ZodType | undefined): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = inputSchema(schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function requestBodyOf({ body, payload }: AnyRoute): Json {
  if (payload) {
    const content = Object.entries(payload).map(([mediaType, { schema }]) => [
      mediaType,
      { schema: schema ? inputSchema(schema) : { type: 'string', format: 'binary' } },
    ]);
    return { requestBody: { required: true, content: Object.fromEntries(content) } };
  }
  if (!body) return {};
  const content = { 'application/json': { schema: inputSchema(body) } };
  return { requestBody: { required: true, content } };
}

function replyContentOf({ produces, reply }: AnyRoute, nameOf: Map<z.ZodType, string>): Json {
  if (produces?.startsWith('text/')) return { [produces]: { schema: { type: 'string' } } };
  if (produces !== undefined)
    return { [produces]: { schema: { type: 'string', format: 'binary' } } };
  return { 'application/json': { schema: { $ref: refTo(nameOf.get(reply) ?? '') } } };
}

function inputSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}

/** Every schema of the contract under its own name, and the replies that have none under their route's. */
function replySchemas(routes: readonly AnyRoute[]) {
  const registry = z.registry<{ id: string }>();
  const nameOf = new Map<z.ZodType, string>();
  const name = (schema: z.ZodType, id: string) => {
    if (nameOf.has(schema)) return;
    nameOf.set(schema, id);
    registry.add(schema, { id });
  };
  for (const [id, schema] of Object.entries(CONTRACT))
    if (schema instanceof z.ZodType) name(schema, id);
  for (const route of routes)
    if (route.produces === undefined && route.status !== 204)
      name(route.reply, `${operationIdOf(route)}Reply`);
  const generated = z.toJSONSchema(registry, { uri: refTo, unrepresentable: 'any' });
  const schemas = Object.entries(generated.schemas).map(
    ([id, { $schema: _, $id: __, ...schema }]) => [id, schema],
  );
  return { schemas: Object.fromEntries(schemas) as Json, nameOf };
}
