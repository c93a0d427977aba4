/** Alerts: the list, one, and its triage. */
import { z } from 'zod';
import { Alert } from '../../contract/alert.ts';
import { AlertChange, AlertPage, AlertQuery } from '../../contract/api.ts';
import { AppError } from '../../errors.ts';
import { changeAlertStatus, getAlert as findAlert, listAlerts } from '../../store/alerts.ts';
import { route } from '../route.ts';

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

export const patchAlert = route({
  method: 'PATCH',
  path: `${PATH}/{id}`,
  access: 'analyst',
  summary: 'Acknowledge, resolve or reopen an alert, or call it a false positive',
  params: AlertId,
  body: AlertChange,
  reply: Alert,
  async handle({ services, params, body }) {
    const alert = await changeAlertStatus(services.db, params.id, body.status);
    return known(alert, params.id);
  },
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

function known(alert: Alert | null, id: string): Alert {
  if (!alert) throw new AppError('not_found', `There is no alert ${id}`);
  return alert;
}
