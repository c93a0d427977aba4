/** Whether the platform works: public, and no more than the contract says. */
import { Health } from '../../contract/api.ts';
import { route } from '../route.ts';

export const getHealth = route({
  method: 'GET',
  path: '/health',
  access: 'public',
  summary: 'Whether the platform works, and what does not',
  reply: Health,
  handle: ({ services }) => services.health(),
});
