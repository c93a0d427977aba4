/** Brings the query caches up to date with live events; reads that a busy network would repeat are throttled. */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { DecisionPage, LiveEvent, LureSessionDetail } from '../../../src/contract/api.ts';
import type { Decision } from '../../../src/contract/decision.ts';
import type { LureEvent } from '../../../src/contract/lure.ts';
import { throttle } from './throttle.ts';
import { upsertAlert } from './upsert-alert.ts';

const OVERVIEW_MS = 5_000;
const TAIL_MS = 2_000;
const LIST_MS = 2_000;

export function createEventApplier(client: QueryClient): (event: LiveEvent) => void {
  const refresh = (intervalMs: number, ...queryKey: string[]) =>
    throttle(intervalMs, () => void client.invalidateQueries({ queryKey }));
  const refreshOverview = refresh(OVERVIEW_MS, 'overview');
  const refreshTail = refresh(TAIL_MS, 'packets', 'tail');
  const refreshDecisions = refresh(LIST_MS, 'decisions');
  const refreshSessions = refresh(LIST_MS, 'lure-sessions');

  return (event) => {
    switch (event.type) {
      case 'alert':
        upsertAlert(client, event.data);
        refreshOverview();
        break;
      case 'decision':
        updateDecision(client, event.data);
        refreshDecisions();
        refreshOverview();
        break;
      case 'lure':
        appendLureEvent(client, event.data);
        refreshSessions();
        break;
      case 'traffic':
        refreshOverview();
        refreshTail();
        break;
    }
  };
}

/** Shows the enforcer's answer at once; the throttled read that follows brings new rows. */
function updateDecision(client: QueryClient, decision: Decision): void {
  client.setQueriesData<InfiniteData<DecisionPage>>(
    { queryKey: ['decisions', 'pages'] },
    (data) =>
      data && {
        ...data,
        pages: data.pages.map((page) => ({
          ...page,
          decisions: page.decisions.map((known) => (known.id === decision.id ? decision : known)),
        })),
      },
  );
}

function appendLureEvent(client: QueryClient, event: LureEvent): void {
  client.setQueryData<LureSessionDetail>(
    ['lure-session', event.session_id],
    (detail) =>
      detail &&
      (detail.events.some(({ id }) => id === event.id)
        ? detail
        : { ...detail, events: [...detail.events, event] }),
  );
}
