/** The figures of the first page, and the totals of the older system. */
import { Overview, OverviewQuery } from '../../contract/api.ts';
import { overview } from '../../store/overview.ts';
import { route } from '../route.ts';

export const getOverview = route({
  method: 'GET',
  path: '/api/v1/overview',
  access: 'viewer',
  summary: 'Traffic, alerts, blocks and lures of the last minutes',
  query: OverviewQuery,
  reply: Overview,
  handle: ({ services, query }) => overview(services.db, query.minutes),
});
