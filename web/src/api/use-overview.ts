import { useQuery } from '@tanstack/react-query';
import { Overview } from '../../../src/contract/api.ts';
import { get } from './client.ts';

/** Key figures and charts of the last `minutes`; read anew every minute, kept current by live events between. */
export function useOverview(minutes: number) {
  return useQuery({
    queryKey: ['overview', minutes],
    queryFn: ({ signal }) => get('/api/v1/overview', { minutes }, Overview, signal),
    placeholderData: (previous) => previous,
    refetchInterval: 60_000,
  });
}
