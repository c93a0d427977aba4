/** Suppressions: what nobody wants to hear of, why, and until when. */
import { z } from 'zod';
import { ChangePreview, SuppressionPreviewOrder } from '../../contract/preview.ts';
import {
  Suppression,
  SuppressionList,
  SuppressionOrder,
  SuppressionQuery,
} from '../../contract/suppression.ts';
import { previewSuppression } from '../../store/previews.ts';
import { addSuppression, listSuppressions, removeSuppression } from '../../store/suppressions.ts';
import { route } from '../route.ts';

const PATH = '/api/v1/suppressions';

export const getSuppressions = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'Suppressions in force, newest first, with how much each hides',
  query: SuppressionQuery,
  reply: SuppressionList,
  handle: async ({ services, query }) => ({
    suppressions: await listSuppressions(services.db, query.all),
  }),
});

export const postSuppression = route({
  method: 'POST',
  path: PATH,
  access: 'analyst',
  summary:
    'Hide alerts and keep them from notifying and blocking, from now on and those of the last 30 days',
  body: SuppressionOrder,
  status: 201,
  reply: Suppression,
  async handle({ services, body, caller }) {
    const suppression = await addSuppression(services.db, body, caller.name);
    services.log.warn({ by: caller.name, suppression }, 'suppression added');
    return suppression;
  },
});

export const postSuppressionPreview = route({
  method: 'POST',
  path: `${PATH}/preview`,
  access: 'analyst',
  summary:
    'What such a suppression would have hidden and unblocked in the last days; changes nothing',
  body: SuppressionPreviewOrder,
  reply: ChangePreview,
  handle: ({ services, body: { days, ...criteria } }) =>
    previewSuppression(services.db, criteria, days),
});

export const deleteSuppression = route({
  method: 'DELETE',
  path: `${PATH}/{id}`,
  access: 'analyst',
  summary: 'End a suppression: what it hid is seen again',
  params: z.object({ id: z.string().min(1).max(64) }),
  reply: Suppression,
  async handle({ services, params, caller }) {
    const suppression = await removeSuppression(services.db, params.id, caller.name);
    services.log.warn({ by: caller.name, suppression: suppression.id }, 'suppression removed');
    return suppression;
  },
});
