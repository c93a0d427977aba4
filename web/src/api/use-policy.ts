import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Policy } from '../../../src/contract/api.ts';
import { ChangePreview } from '../../../src/contract/preview.ts';
import { get, send } from './client.ts';

const PATH = '/api/v1/policy';

export function usePolicy() {
  return useQuery({
    queryKey: ['policy'],
    queryFn: ({ signal }) => get(PATH, {}, Policy, signal),
    refetchInterval: 60_000,
  });
}

export function usePolicyChange() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (policy: Policy) => send('PUT', PATH, policy, Policy),
    onSuccess: (policy) => {
      client.setQueryData(['policy'], policy);
      return client.invalidateQueries({ queryKey: ['health'] });
    },
  });
}

/** What these thresholds would have done in the last 7 days. */
export function usePolicyPreview() {
  return useMutation({
    mutationFn: (thresholds: Pick<Policy, 'alert_threshold' | 'block_threshold'>) =>
      send('POST', `${PATH}/preview`, thresholds, ChangePreview),
  });
}
