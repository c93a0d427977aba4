/** Puts a new or grown alert into every cached list that its filters admit it to. */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { Alert } from '../../../src/contract/alert.ts';
import type { AlertPage } from '../../../src/contract/api.ts';
import type { AlertFilters } from '../api/use-alerts.ts';

export function upsertAlert(client: QueryClient, alert: Alert): void {
  client.setQueryData(['alert', alert.id], alert);
  for (const [key, pages] of client.getQueriesData<InfiniteData<AlertPage>>({
    queryKey: ['alerts'],
  })) {
    const filters = (key[1] ?? {}) as AlertFilters;
    if (pages) client.setQueryData(key, placeAlert(pages, alert, admits(filters, alert)));
  }
}

export function admits(filters: AlertFilters, alert: Alert): boolean {
  return (
    (!filters.alert_type || filters.alert_type === alert.alert_type) &&
    (!filters.severity || filters.severity === alert.severity) &&
    (!filters.status || filters.status === alert.status) &&
    (!filters.source_ip || filters.source_ip === alert.source_ip) &&
    (!filters.assignee || filters.assignee === alert.assignee) &&
    isWanted(filters, Boolean(alert.suppressed_by))
  );
}

function isWanted({ suppressed }: AlertFilters, isSuppressed: boolean): boolean {
  return suppressed === 'with' || isSuppressed === (suppressed === 'only');
}

/** Removes the old version; the new one goes where newest-last_seen-first has it, if it is admitted. */
export function placeAlert(
  data: InfiniteData<AlertPage>,
  alert: Alert,
  isAdmitted: boolean,
): InfiniteData<AlertPage> {
  const pages = data.pages.map((page) => ({
    ...page,
    alerts: page.alerts.filter(({ id }) => id !== alert.id),
  }));
  if (isAdmitted) {
    const page = pages.find(
      ({ alerts, next }) => next === null || (alerts.at(-1)?.last_seen ?? 0) <= alert.last_seen,
    );
    if (page) {
      const at = page.alerts.findIndex(({ last_seen }) => last_seen <= alert.last_seen);
      page.alerts.splice(at === -1 ? page.alerts.length : at, 0, alert);
    }
  }
  return { ...data, pages };
}
