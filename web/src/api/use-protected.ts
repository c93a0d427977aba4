import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ProtectedList } from '../../../src/contract/api.ts';
import { get, order } from './client.ts';

const PATH = '/api/v1/protected';

/** The never-block list. */
export function useProtected() {
  return useQuery({
    queryKey: ['protected'],
    queryFn: ({ signal }) => get(PATH, {}, ProtectedList, signal),
    select: (list) => list.networks,
  });
}

export function useProtect() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (network: { cidr: string; reason: string }) => order('POST', PATH, network),
    onSuccess: () => client.invalidateQueries({ queryKey: ['protected'] }),
  });
}

export function useUnprotect() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (cidr: string) => order('DELETE', `${PATH}/${encodeURIComponent(cidr)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['protected'] }),
  });
}
