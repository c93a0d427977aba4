/** The one place the dashboard talks HTTP: every reply is parsed by its contract before a component sees it. */
import type { z } from 'zod';
import { Problem } from '../../../src/contract/api.ts';
import { ApiError } from './api-error.ts';

export type Query = Record<string, string | number | boolean | undefined>;

/** Reads `path`. Throws `ApiError`. */
export async function get<Reply extends z.ZodType>(
  path: string,
  query: Query,
  reply: Reply,
  signal?: AbortSignal,
): Promise<z.infer<Reply>> {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') params.set(name, String(value));
  const suffix = params.size > 0 ? `?${params}` : '';
  const response = await exchange(path + suffix, { ...(signal && { signal }) });
  return parseReply(path, response, reply);
}

/** Changes something and reads the reply. Throws `ApiError`. */
export async function send<Reply extends z.ZodType>(
  method: 'POST' | 'PUT' | 'PATCH',
  path: string,
  body: unknown,
  reply: Reply,
): Promise<z.infer<Reply>> {
  return parseReply(path, await exchange(path, jsonInit(method, body)), reply);
}

/** Changes something where only success matters. Throws `ApiError`. */
export async function order(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<void> {
  await exchange(path, jsonInit(method, body));
}

function jsonInit(method: string, body: unknown): RequestInit {
  if (body === undefined) return { method };
  return {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  };
}

async function exchange(url: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      credentials: 'same-origin',
      headers: { accept: 'application/json', ...init.headers },
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiError({
      status: 0,
      title: 'The server cannot be reached',
      detail: 'No answer from PhantomNet. Check that it runs and that your network reaches it.',
    });
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<ApiError> {
  const parsed = Problem.safeParse(await response.json().catch(() => null));
  if (parsed.success) return new ApiError(parsed.data);
  return new ApiError({
    status: response.status,
    title: 'The request failed',
    detail: `The server answered ${response.status} ${response.statusText} without saying why.`,
  });
}

async function parseReply<Reply extends z.ZodType>(
  path: string,
  response: Response,
  reply: Reply,
): Promise<z.infer<Reply>> {
  const parsed = reply.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ApiError({
    status: -1,
    title: 'Cannot read the reply',
    detail: `The reply of ${path} does not follow the contract at ${issue?.path.join('.') || 'its root'}: ${issue?.message}. The dashboard and the server may be of different versions; reload the page.`,
  });
}
