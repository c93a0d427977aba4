/** Flows: the list with filters. */
import { FlowPage, FlowQuery } from '../../contract/api.ts';
import { listFlows } from '../../store/flows.ts';
import { route } from '../route.ts';

export const getFlows = route({
  method: 'GET',
  path: '/api/v1/flows',
  access: 'viewer',
  summary: 'Flows, newest first',
  query: FlowQuery,
  reply: FlowPage,
  handle: ({ services, query }) => listFlows(services.db, query),
});
