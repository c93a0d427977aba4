import { useInfiniteQuery } from '@tanstack/react-query';
import { FlowPage } from '../../../src/contract/api.ts';
import { get } from './client.ts';

export interface FlowFilters {
  src_ip?: string | undefined;
  dest_ip?: string | undefined;
  service?: string | undefined;
  conn_state?: string | undefined;
}

/** Pages of flows, newest first. */
export function useFlows(filters: FlowFilters) {
  return useInfiniteQuery({
    queryKey: ['flows', filters],
    queryFn: ({ pageParam, signal }) =>
      get('/api/v1/flows', { ...filters, limit: 100, before: pageParam }, FlowPage, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}
