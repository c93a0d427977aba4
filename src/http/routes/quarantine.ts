/** Batches that were acknowledged and can never be stored. */
import { Quarantine } from '../../contract/api.ts';
import { listQuarantined } from '../../store/quarantine.ts';
import { route } from '../route.ts';

export const getQuarantine = route({
  method: 'GET',
  path: '/api/v1/quarantine',
  access: 'analyst',
  summary: 'Batches that can never be stored, with the reason',
  reply: Quarantine,
  async handle({ services }) {
    return { batches: await listQuarantined(services.db) };
  },
});
