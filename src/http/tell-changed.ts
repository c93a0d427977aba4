/** Shows open dashboards what somebody has changed. */
import { visibleAlerts } from '../store/alerts.ts';
import type { Services } from './services.ts';

/** Of more than these the dashboards learn when they load their lists again. */
const MAX_TOLD = 100;

export async function tellChanged(
  { db, live }: Pick<Services, 'db' | 'live'>,
  ids: readonly string[],
): Promise<void> {
  for (const data of await visibleAlerts(db, ids.slice(0, MAX_TOLD)))
    live.publish({ type: 'alert', data });
}
