/** What the lures saw: sessions, one session event by event, and the newest events. */
import { z } from 'zod';
import { LureQuery, LureSessionDetail, LureSessionPage } from '../../contract/api.ts';
import { LureEvent } from '../../contract/lure.ts';
import { AppError } from '../../errors.ts';
import {
  getLureSession as findLureSession,
  listLureEvents,
  listLureSessions,
} from '../../store/lures.ts';
import { route } from '../route.ts';

const PATH = '/api/v1/lures/sessions';

export const getLureSessions = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'Visits to the lures, newest first',
  query: LureQuery,
  reply: LureSessionPage,
  handle: ({ services, query }) => listLureSessions(services.db, query),
});

export const getLureSession = route({
  method: 'GET',
  path: `${PATH}/{id}`,
  access: 'viewer',
  summary: 'One visit, event by event',
  params: z.object({ id: z.string().min(1).max(64) }),
  reply: LureSessionDetail,
  async handle({ services, params }) {
    const detail = await findLureSession(services.db, params.id);
    if (!detail) throw new AppError('not_found', `There is no lure session ${params.id}`);
    return detail;
  },
});

/** Kept from the older system. */
export const getEvents = route({
  method: 'GET',
  path: '/api/events',
  access: 'viewer',
  summary: 'The newest events of the lures',
  query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
  reply: z.object({ events: z.array(LureEvent) }),
  handle: async ({ services, query }) => ({
    events: await listLureEvents(services.db, query.limit),
  }),
});
