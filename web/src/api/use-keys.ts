import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ApiKeyCreated, ApiKeyList, type Role } from '../../../src/contract/api.ts';
import { get, order, send } from './client.ts';

const PATH = '/api/v1/keys';

export function useKeys(enabled: boolean) {
  return useQuery({
    queryKey: ['keys'],
    queryFn: ({ signal }) => get(PATH, {}, ApiKeyList, signal),
    select: (list) => list.keys,
    enabled,
  });
}

/** The reply holds the secret, which the server does not show again; it stays out of the cache. */
export function useKeyCreation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (key: { name: string; role: Role }) => send('POST', PATH, key, ApiKeyCreated),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
    gcTime: 0,
  });
}

export function useKeyDeletion() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => order('DELETE', `${PATH}/${encodeURIComponent(id)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
  });
}
