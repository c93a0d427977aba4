import { useQuery } from '@tanstack/react-query';
import { StorageOutlook } from '../../../src/contract/api.ts';
import { get } from './client.ts';

export function useStorage() {
  return useQuery({
    queryKey: ['storage'],
    queryFn: ({ signal }) => get('/api/v1/storage', {}, StorageOutlook, signal),
    refetchInterval: 60_000,
  });
}
