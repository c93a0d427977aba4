/** Who is signed in, signing in and out, and the password. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type Credentials, type Role, Session } from '../../../src/contract/api.ts';
import { ApiError } from './api-error.ts';
import { get, order, send } from './client.ts';

const PATH = '/api/v1/session';

/** `data` is null when nobody is signed in. */
export function useSession() {
  return useQuery({
    queryKey: ['session'],
    queryFn: async ({ signal }) => {
      try {
        return await get(PATH, {}, Session, signal);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });
}

export function useSignIn() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (credentials: Credentials) => send('POST', PATH, credentials, Session),
    onSuccess: (session) => client.setQueryData(['session'], session),
  });
}

/** Nothing read under the old session stays in memory. */
export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => order('DELETE', PATH),
    onSuccess: () => {
      client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
      client.setQueryData(['session'], null);
    },
  });
}

export function usePasswordChange() {
  return useMutation({
    mutationFn: (change: { current: string; next: string }) =>
      order('PUT', `${PATH}/password`, change),
  });
}

export interface Rights {
  readonly role: Role;
  /** Triage alerts, block and unblock. */
  readonly mayAct: boolean;
  /** Policy, protected networks, API keys. */
  readonly mayAdminister: boolean;
}

/** What the buttons may offer; the server decides again on every request. */
export function useRights(): Rights {
  const role = useSession().data?.role ?? 'viewer';
  return {
    role,
    mayAct: role === 'analyst' || role === 'admin',
    mayAdminister: role === 'admin',
  };
}
