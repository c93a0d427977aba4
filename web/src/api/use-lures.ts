import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { LureSessionDetail, LureSessionPage } from '../../../src/contract/api.ts';
import { get } from './client.ts';

const PATH = '/api/v1/lures/sessions';

export interface LureFilters {
  service?: string | undefined;
  source_ip?: string | undefined;
}

/** Pages of honeypot sessions, newest first. */
export function useLureSessions(filters: LureFilters) {
  return useInfiniteQuery({
    queryKey: ['lure-sessions', filters],
    queryFn: ({ pageParam, signal }) =>
      get(PATH, { ...filters, limit: 50, before: pageParam }, LureSessionPage, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** One session with every event of it. */
export function useLureSession(id: string) {
  return useQuery({
    queryKey: ['lure-session', id],
    queryFn: ({ signal }) =>
      get(`${PATH}/${encodeURIComponent(id)}`, {}, LureSessionDetail, signal),
  });
}
