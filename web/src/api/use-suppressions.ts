import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import { ChangePreview } from '../../../src/contract/preview.ts';
import {
  type Criteria,
  Suppression,
  SuppressionList,
  type SuppressionOrder,
} from '../../../src/contract/suppression.ts';
import { get, order, send } from './client.ts';

const PATH = '/api/v1/suppressions';

/** Those in force, newest first. */
export function useSuppressions() {
  return useQuery({
    queryKey: ['suppressions'],
    queryFn: ({ signal }) => get(PATH, {}, SuppressionList, signal),
    select: (list) => list.suppressions,
    refetchInterval: 60_000,
  });
}

/** What such a suppression would have hidden; asks only where there are criteria. */
export function useSuppressionPreview(criteria: Criteria, days: number, isEnabled: boolean) {
  return useQuery({
    queryKey: ['suppression-preview', criteria, days],
    queryFn: () => send('POST', `${PATH}/preview`, { ...criteria, days }, ChangePreview),
    enabled: isEnabled,
    retry: false,
    gcTime: 0,
  });
}

export function useSuppress() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (wanted: z.input<typeof SuppressionOrder>) =>
      send('POST', PATH, wanted, Suppression),
    onSuccess: refresh,
  });
}

export function useUnsuppress() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (id: string) => order('DELETE', `${PATH}/${encodeURIComponent(id)}`),
    onSuccess: refresh,
  });
}

function useRefresh() {
  const client = useQueryClient();
  return async () => {
    await Promise.all(
      ['suppressions', 'alerts', 'alert', 'overview', 'story'].map((name) =>
        client.invalidateQueries({ queryKey: [name] }),
      ),
    );
  };
}
