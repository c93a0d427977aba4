import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Alert } from '../../../src/contract/alert.ts';
import { type BlockOrder, DecisionPage } from '../../../src/contract/api.ts';
import type { Decision } from '../../../src/contract/decision.ts';
import { get, order } from './client.ts';

const PATH = '/api/v1/decisions';
const RECENT = 500;

/** Pages of decisions, newest first. */
export function useDecisions(state: string | undefined) {
  return useInfiniteQuery({
    queryKey: ['decisions', 'pages', state],
    queryFn: ({ pageParam, signal }) =>
      get(PATH, { state, limit: 50, before: pageParam }, DecisionPage, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

/** The latest decisions, to say of an alert what was done about it. */
export function useRecentDecisions() {
  return useQuery({
    queryKey: ['decisions', 'recent'],
    queryFn: ({ signal }) => get(PATH, { limit: RECENT }, DecisionPage, signal),
    select: (page) => page.decisions,
  });
}

/** The decision that an alert led to, or else one on its source; the newest counts. */
export function decisionOn(
  alert: Pick<Alert, 'id' | 'source_ip'>,
  decisions: readonly Decision[],
): Decision | null {
  return (
    decisions.find(({ alert_id }) => alert_id === alert.id) ??
    decisions.find(
      ({ ip, state }) =>
        ip === alert.source_ip &&
        (state === 'active' || state === 'simulated' || state === 'pending'),
    ) ??
    null
  );
}

export function useBlock() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (block: BlockOrder) => order('POST', PATH, block),
    onSuccess: refresh,
  });
}

export function useUnblock() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (id: string) => order('DELETE', `${PATH}/${encodeURIComponent(id)}`),
    onSuccess: refresh,
  });
}

function useRefresh() {
  const client = useQueryClient();
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: ['decisions'] }),
      client.invalidateQueries({ queryKey: ['overview'] }),
    ]);
  };
}
