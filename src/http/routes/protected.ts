/** The never-block list. */
import { z } from 'zod';
import { ProtectedList, ProtectedNetwork, ProtectOrder } from '../../contract/api.ts';
import { addProtected, listProtected, removeProtected } from '../../store/protected.ts';
import { NoReply, route } from '../route.ts';

const PATH = '/api/v1/protected';

export const getProtected = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'Networks that are never blocked',
  reply: ProtectedList,
  handle: async ({ services }) => ({ networks: await listProtected(services.db) }),
});

export const postProtected = route({
  method: 'POST',
  path: PATH,
  access: 'analyst',
  summary: 'Protect an address or network from being blocked',
  body: ProtectOrder,
  status: 201,
  reply: ProtectedNetwork,
  handle: ({ services, body }) => addProtected(services.db, body),
});

export const deleteProtected = route({
  method: 'DELETE',
  path: `${PATH}/{cidr}`,
  access: 'admin',
  summary: 'Take a network off the list',
  /** Percent-encoded in the path: `192.0.2.0%2F24`. */
  params: z.object({ cidr: ProtectOrder.shape.cidr }),
  status: 204,
  reply: NoReply,
  handle: ({ services, params }) => removeProtected(services.db, params.cidr),
});
