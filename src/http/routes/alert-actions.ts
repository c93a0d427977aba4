/** Triage of many alerts at once, and taking it back. */
import { z } from 'zod';
import { AlertActionOrder, AlertActionResult } from '../../contract/triage.ts';
import { actOnAlerts, undoAction } from '../../store/alert-actions.ts';
import { route } from '../route.ts';
import { tellChanged } from '../tell-changed.ts';

const PATH = '/api/v1/alert-actions';

export const postAlertAction = route({
  method: 'POST',
  path: PATH,
  access: 'analyst',
  summary:
    'Set the status of alerts, assign them, comment on them: by ids or by a filter, at most 1,000',
  body: AlertActionOrder,
  status: 201,
  reply: AlertActionResult,
  async handle({ services, body, caller }) {
    const { ids, ...result } = await actOnAlerts(services.db, body, caller.name);
    await tellChanged(services, ids);
    return result;
  },
});

export const postUndo = route({
  method: 'POST',
  path: `${PATH}/{id}/undo`,
  access: 'analyst',
  summary: 'Take an action back; what has been changed since stays, and is named',
  params: z.object({ id: z.string().min(1).max(64) }),
  status: 201,
  reply: AlertActionResult,
  async handle({ services, params, caller }) {
    const { ids, ...result } = await undoAction(services.db, params.id, caller.name);
    await tellChanged(services, ids);
    return result;
  },
});
