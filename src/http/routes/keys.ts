/** API keys: for sensors and scripts. */
import { z } from 'zod';
import { ApiKeyCreated, ApiKeyList, ApiKeyOrder } from '../../contract/api.ts';
import { createApiKey, deleteApiKey, listApiKeys } from '../../store/api-keys.ts';
import { SENSOR_ID } from '../../stream/batch-meta.ts';
import { hashSecret, randomApiKey } from '../auth/secret.ts';
import { InvalidRequest } from '../invalid-request.ts';
import { NoReply, route } from '../route.ts';

const PATH = '/api/v1/keys';

export const getKeys = route({
  method: 'GET',
  path: PATH,
  access: 'admin',
  summary: 'API keys, without their secrets',
  reply: ApiKeyList,
  handle: async ({ services }) => ({ keys: await listApiKeys(services.db) }),
});

export const postKey = route({
  method: 'POST',
  path: PATH,
  access: 'admin',
  summary: "Make an API key; a sensor's key bears the sensor's id as its name",
  body: ApiKeyOrder,
  status: 201,
  reply: ApiKeyCreated,
  async handle({ services, body, caller }) {
    if (body.role === 'sensor' && !SENSOR_ID.test(body.name))
      throw new InvalidRequest([
        {
          pointer: '#/name',
          detail: "A sensor's key bears its id: letters, digits, dot, underscore and hyphen",
        },
      ]);
    const secret = randomApiKey();
    const key = await createApiKey(services.db, { ...body, secretHash: hashSecret(secret) });
    services.log.warn({ by: caller.name, key: key.name, role: key.role }, 'API key made');
    return { key, secret };
  },
});

export const deleteKey = route({
  method: 'DELETE',
  path: `${PATH}/{id}`,
  access: 'admin',
  summary: 'Revoke an API key',
  params: z.object({ id: z.string().min(1).max(64) }),
  status: 204,
  reply: NoReply,
  handle: ({ services, params }) => deleteApiKey(services.db, params.id),
});
