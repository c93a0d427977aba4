/** How full the store is, and where that leads. */
import { StorageOutlook } from '../../contract/api.ts';
import { route } from '../route.ts';

export const getStorage = route({
  method: 'GET',
  path: '/api/v1/storage',
  access: 'viewer',
  summary: 'What the store takes by tier, its growth, and when its budget is reached',
  reply: StorageOutlook,
  handle: ({ services }) => services.storage(),
});
