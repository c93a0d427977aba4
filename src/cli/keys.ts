/** `phantomnet keys`: who may ask the platform without a session: sensors and scripts. */
import { type ApiKey, ApiKeyCreated, ApiKeyList, type ApiKeyOrder } from '../contract/api.ts';
import { AppError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { printable } from './printable.ts';

const KEYS = '/api/v1/keys';

interface Output {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

export async function listKeys(api: ApiClient, { json, out }: Output): Promise<void> {
  const { keys } = await api.get(KEYS, ApiKeyList);
  for (const key of keys) out.write(`${json ? JSON.stringify(key) : lineOf(key)}\n`);
  if (keys.length === 0 && !json) out.write('There are no keys.\n');
}

/** Prints the secret, alone on `out`: it is kept nowhere. @throws AppError `invalid_request`, `conflict` */
export async function addKey(
  api: ApiClient,
  order: ApiKeyOrder,
  { json, out, err }: Output & { readonly err: NodeJS.WritableStream },
): Promise<void> {
  const created = ApiKeyCreated.parse(await api.send('POST', KEYS, order));
  if (json) out.write(`${JSON.stringify(created)}\n`);
  else {
    err.write(`${lineOf(created.key)}\nIts secret, which is not shown again:\n`);
    out.write(`${created.secret}\n`);
  }
}

/** By id, or by a name that one key alone has. @throws AppError `not_found`, `conflict` */
export async function removeKey(api: ApiClient, idOrName: string, output: Output): Promise<void> {
  const { keys } = await api.get(KEYS, ApiKeyList);
  const byId = keys.find(({ id }) => id === idOrName);
  const found = byId ? [byId] : keys.filter(({ name }) => name === idOrName);
  const [key] = found;
  if (key === undefined)
    throw new AppError('not_found', `Cannot remove the key ${idOrName}: there is none`);
  if (found.length > 1)
    throw new AppError(
      'conflict',
      `Cannot remove the key ${idOrName}: ${found.length} have that name, say which by its id`,
    );
  await api.send('DELETE', `${KEYS}/${encodeURIComponent(key.id)}`);
  output.out.write(`${output.json ? JSON.stringify(key) : `removed: ${lineOf(key)}`}\n`);
}

function lineOf({ id, name, role }: ApiKey): string {
  return `${id}  ${role.padEnd(8)} ${printable(name)}`;
}
