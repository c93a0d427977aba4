import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { ModelChange, ModelDetail, ModelList } from '../../../src/contract/model.ts';
import { get, send } from './client.ts';

const PATH = '/api/v1/models';

export function useModels() {
  return useQuery({
    queryKey: ['models'],
    queryFn: ({ signal }) => get(PATH, {}, ModelList, signal),
    refetchInterval: 30_000,
  });
}

export function useModel(hash: string) {
  return useQuery({
    queryKey: ['models', hash],
    queryFn: ({ signal }) => get(`${PATH}/${hash}`, {}, ModelDetail, signal),
    refetchInterval: 60_000,
  });
}

/** The server replays the pinned captures first: the answer takes as long as they do. */
export function usePromotion() {
  return useChange((hash: string) => `${PATH}/${hash}/promote`);
}

export function useRollback() {
  return useChange(() => `${PATH}/rollback`);
}

function useChange<Target = void>(pathOf: (target: Target) => string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (target: Target) => send('POST', pathOf(target), undefined, ModelChange),
    // A refused promotion stands in the history too.
    onSettled: () => client.invalidateQueries({ queryKey: ['models'] }),
  });
}
