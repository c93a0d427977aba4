/** Alerts: the list, one, and what is done with it. Many at once: `alert-actions.ts`. */
import { z } from 'zod';
import { Alert } from '../../contract/alert.ts';
import { AlertPage, AlertQuery } from '../../contract/api.ts';
import { AlertActionList, AlertChange } from '../../contract/triage.ts';
import { AppError } from '../../errors.ts';
import { actOnAlerts, listActions } from '../../store/alert-actions.ts';
import { getAlert as findAlert, listAlerts } from '../../store/alerts.ts';
import { RawReply, route } from '../route.ts';
import { tellChanged } from '../tell-changed.ts';

const PATH = '/api/v1/alerts';
const AlertId = z.object({ id: z.string().min(1).max(64) });

export const getAlerts = route({
  method: 'GET',
  path: PATH,
  access: 'viewer',
  summary: 'Alerts, newest last_seen first',
  query: AlertQuery,
  reply: AlertPage,
  handle: ({ services, query }) => listAlerts(services.db, query),
});

export const getAlert = route({
  method: 'GET',
  path: `${PATH}/{id}`,
  access: 'viewer',
  summary: 'One alert with its evidence',
  params: AlertId,
  reply: Alert,
  handle: async ({ services, params }) => known(await findAlert(services.db, params.id), params.id),
});

export const getAlertPackets = route({
  method: 'GET',
  path: `${PATH}/{id}/packets.pcapng`,
  access: 'analyst',
  summary: 'The packets behind an alert that are still kept, and their answers, as a capture',
  params: AlertId,
  reply: RawReply,
  produces: 'application/vnd.tcpdump.pcap',
  async handle({ services, params, headers }) {
    const alert = known(await findAlert(services.db, params.id), params.id);
    const { body, packets, isCut } = await services.packetsOf(alert);
    headers.set('content-type', 'application/vnd.tcpdump.pcap');
    headers.set('content-disposition', `attachment; filename="alert-${fileName(alert.id)}.pcapng"`);
    headers.set('cache-control', 'no-store');
    headers.set('phantomnet-packets', `${packets}${isCut ? ', cut' : ''}`);
    return new Response(body, { headers });
  },
});

export const patchAlert = route({
  method: 'PATCH',
  path: `${PATH}/{id}`,
  access: 'analyst',
  summary:
    'Acknowledge, resolve or reopen an alert, call it a false positive, assign it, comment on it',
  params: AlertId,
  body: AlertChange,
  reply: Alert,
  async handle({ services, params, body, caller }) {
    const { ids } = await actOnAlerts(services.db, { ids: [params.id], ...body }, caller.name);
    await tellChanged(services, ids);
    return known(await findAlert(services.db, params.id), params.id);
  },
});

export const getAlertActions = route({
  method: 'GET',
  path: `${PATH}/{id}/actions`,
  access: 'viewer',
  summary: 'Who did what with an alert, newest first',
  params: AlertId,
  reply: AlertActionList,
  handle: async ({ services, params }) => ({ actions: await listActions(services.db, params.id) }),
});

/** Kept from the older system: the first page of the same list. */
export const getKeptAlerts = route({
  method: 'GET',
  path: '/api/alerts',
  access: 'viewer',
  summary: 'Alerts, newest last_seen first',
  query: AlertQuery,
  reply: AlertPage,
  handle: ({ services, query }) => listAlerts(services.db, query),
});

/** What no header and no file system takes amiss. */
function fileName(id: string): string {
  return id.replaceAll(/[^A-Za-z0-9-]/g, '_');
}

function known(alert: Alert | null, id: string): Alert {
  if (!alert) throw new AppError('not_found', `There is no alert ${id}`);
  return alert;
}
