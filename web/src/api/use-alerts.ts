import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert } from '../../../src/contract/alert.ts';
import { AlertPage } from '../../../src/contract/api.ts';
import {
  AlertActionList,
  type AlertActionOrder,
  AlertActionResult,
  type AlertChange,
} from '../../../src/contract/triage.ts';
import { upsertAlert } from '../live/upsert-alert.ts';
import { get, send } from './client.ts';

const PATH = '/api/v1/alerts';
const ACTIONS = '/api/v1/alert-actions';

export interface AlertFilters {
  alert_type?: string | undefined;
  severity?: string | undefined;
  status?: string | undefined;
  source_ip?: string | undefined;
  assignee?: string | undefined;
  suppressed?: string | undefined;
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

/** Status, assignee, comment of one alert. */
export function useAlertChange(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: AlertChange) =>
      send('PATCH', `${PATH}/${encodeURIComponent(id)}`, change, Alert),
    onSuccess: async (alert) => {
      upsertAlert(client, alert);
      await Promise.all(
        [['overview'], ['alert-actions', id]].map((queryKey) =>
          client.invalidateQueries({ queryKey }),
        ),
      );
    },
  });
}

/** Who did what with an alert, newest first. */
export function useAlertRecord(id: string) {
  return useQuery({
    queryKey: ['alert-actions', id],
    queryFn: ({ signal }) =>
      get(`${PATH}/${encodeURIComponent(id)}/actions`, {}, AlertActionList, signal),
    select: (list) => list.actions,
  });
}

/** The same for many alerts at once. */
export function useAlertsChange() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (order: AlertActionOrder) => send('POST', ACTIONS, order, AlertActionResult),
    onSuccess: refresh,
  });
}

export function useUndo() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: (actionId: string) =>
      send('POST', `${ACTIONS}/${encodeURIComponent(actionId)}/undo`, undefined, AlertActionResult),
    onSuccess: refresh,
  });
}

function useRefresh() {
  const client = useQueryClient();
  return async () => {
    await Promise.all(
      ['alerts', 'alert', 'alert-actions', 'overview'].map((name) =>
        client.invalidateQueries({ queryKey: [name] }),
      ),
    );
  };
}
