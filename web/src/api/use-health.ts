import { useQuery } from '@tanstack/react-query';
import { Health } from '../../../src/contract/api.ts';
import { get } from './client.ts';

const INTERVAL_MS = 15_000;

export function useHealth() {
  return useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => get('/health', {}, Health, signal),
    refetchInterval: INTERVAL_MS,
    // Not answering is itself the finding: say it at once.
    retry: false,
  });
}
