/**
 * Asks a running platform over its HTTP API, as any other client does.
 *
 * Which one: `--url`, PHANTOMNET_URL, else the one that runs on the data folder of the configuration.
 * Let in by: PHANTOMNET_KEY, else the key that `up` keeps in its data folder, which goes to this machine only.
 */
import type { z } from 'zod';
import { readLocalAccess } from '../app/local-access.ts';
import { Problem } from '../contract/api.ts';
import { AppError, ERROR_CODES, type ErrorCode } from '../errors.ts';
import { writeStream } from './write-stream.ts';

const TIMEOUT_MS = 30_000;
const DOWNLOAD_MS = 600_000;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const PROBLEM_TYPE = 'urn:phantomnet:error:';

export interface ApiClientOptions {
  readonly url: string | undefined;
  /** Of the platform on this machine. */
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface ApiClient {
  readonly url: string;
  /** Writes what is answered to the file `to`, which is gone again where that fails. */
  download(path: string, to: string): Promise<void>;
  /** @throws AppError what the server answers, or `server_unavailable` */
  get<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape>>;
  send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
}

/** @throws AppError `usage`, `server_unavailable`, `unauthenticated`, `forbidden`: with what to do */
export async function openApi(options: ApiClientOptions): Promise<ApiClient> {
  const { url, key } = await findServer(options);

  async function download(path: string, to: string): Promise<void> {
    const response = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(DOWNLOAD_MS),
    }).catch((error: unknown) => {
      throw unreachable(url, error);
    });
    if (!response.ok) throw failure(url, response.status, parseJson(await response.text()));
    await writeStream(to, response.body ?? []);
  }

  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch (error) {
      throw unreachable(url, error);
    }
    const json = parseJson(text);
    if (response.ok) return json;
    throw failure(url, response.status, json);
  }

  return {
    url,
    async get(path, shape) {
      const result = shape.safeParse(await ask('GET', path));
      if (result.success) return result.data as z.infer<typeof shape>;
      throw new AppError('server_unavailable', `${url}${path} does not answer as PhantomNet does`);
    },
    send: ask,
    download,
  };
}

async function findServer({ url, dataDir, env }: ApiClientOptions) {
  const given = url ?? env.PHANTOMNET_URL;
  const key = env.PHANTOMNET_KEY;
  if (given !== undefined && !isHttp(given))
    throw new AppError('usage', `Cannot ask ${given}: it is not an http or https URL`);
  if (given !== undefined && key) return { url: withoutSlash(given), key };
  const local = await readLocalAccess(dataDir);
  // An administrator's key is shown to no server but the one that made it.
  if (given !== undefined && (local === null || !isSame(given, local.url)))
    throw new AppError(
      'usage',
      `Cannot ask ${given}: give an API key of the role analyst or admin in PHANTOMNET_KEY`,
    );
  if (local) return { url: local.url, key: key ?? local.key };
  throw new AppError(
    'server_unavailable',
    `No PhantomNet runs on ${dataDir}: start it with npm start, or give --data-dir or --url`,
  );
}

function unreachable(url: string, cause: unknown): AppError {
  const message = `Cannot reach ${url}: ${reasonOf(cause)}`;
  return new AppError('server_unavailable', message, { cause });
}

function failure(url: string, status: number, json: unknown): AppError {
  if (status === 401) return new AppError('unauthenticated', `${url} does not accept this API key`);
  const problem = Problem.safeParse(json).data;
  if (!problem)
    return new AppError('server_unavailable', `${url} answers ${status}; is it PhantomNet?`);
  const named = problem.type.slice(PROBLEM_TYPE.length);
  const code = ERROR_CODES.find((each) => each === named) ?? codeOf(status);
  return new AppError(code, problem.detail);
}

function codeOf(status: number): ErrorCode {
  return status < 500 ? 'invalid_request' : 'server_unavailable';
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } };
  if (cause?.code === 'ECONNREFUSED') return 'nothing listens there';
  return cause?.message || cause?.code || message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isHttp(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  return a.port === b.port && LOOPBACK.test(a.hostname) && LOOPBACK.test(b.hostname);
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
