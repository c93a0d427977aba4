import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, type AlertStatus } from '../../../src/contract/alert.ts';
import { AlertPage } from '../../../src/contract/api.ts';
import { upsertAlert } from '../live/upsert-alert.ts';
import { get, send } from './client.ts';

const PATH = '/api/v1/alerts';

export interface AlertFilters {
  alert_type?: string | undefined;
  severity?: string | undefined;
  status?: string | undefined;
  source_ip?: string | undefined;
}

/** Pages of alerts, newest `last_seen` first. */
export function useAlerts(filters: AlertFilters, limit = 50) {
  return useInfiniteQuery({
    queryKey: ['alerts', filters, limit],
    queryFn: ({ pageParam, signal }) =>
      get(PATH, { ...filters, limit, before: pageParam }, AlertPage, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next ?? undefined,
  });
}

export function useAlert(id: string) {
  return useQuery({
    queryKey: ['alert', id],
    queryFn: ({ signal }) => get(`${PATH}/${encodeURIComponent(id)}`, {}, Alert, signal),
  });
}

/** Acknowledge, resolve, call it a false positive, reopen. */
export function useAlertStatus(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (status: AlertStatus) =>
      send('PATCH', `${PATH}/${encodeURIComponent(id)}`, { status }, Alert),
    onSuccess: (alert) => {
      upsertAlert(client, alert);
      return client.invalidateQueries({ queryKey: ['overview'] });
    },
  });
}
