/** What people do about alerts, and the record of it: who, when, what, before and after. */
import { z } from 'zod';
import { AlertStatus } from './alert.ts';
import { AlertFilter } from './alert-filter.ts';

/** Alerts that one order may change; of a filter that selects more, the newest. */
export const MAX_TRIAGED = 1000;

const Assignee = z.string().trim().min(1).max(128);

/** What to do; at least one of it. */
const CHANGE = {
  status: AlertStatus.optional(),
  /** A user's name; null: nobody. */
  assignee: Assignee.nullable().optional(),
  comment: z.string().trim().min(1).max(2000).optional(),
};

// PATCH /api/v1/alerts/{id}
export const AlertChange = z.strictObject(CHANGE).refine(changesSomething, {
  message: 'Expected a status, an assignee or a comment',
});
export type AlertChange = z.infer<typeof AlertChange>;

// POST /api/v1/alert-actions
export const AlertActionOrder = z
  .strictObject({
    ids: z.array(z.string().min(1).max(64)).min(1).max(MAX_TRIAGED).optional(),
    /** Those that `GET /api/v1/alerts` lists by it. */
    filter: AlertFilter.optional(),
    ...CHANGE,
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    message: 'Expected ids or a filter',
  })
  .refine(changesSomething, { message: 'Expected a status, an assignee or a comment' });
export type AlertActionOrder = z.infer<typeof AlertActionOrder>;

export const AlertActionResult = z.object({
  /** To be undone by; null: nothing was changed. */
  action_id: z.string().nullable(),
  changed: z.number().int(),
  /** They were so already. */
  unchanged: z.number().int(),
  /** There are none with these ids. */
  missing: z.array(z.string()),
  /** The filter selects more than were changed. */
  is_cut: z.boolean(),
  /** Of an undo: what was left as it is, as it has changed since. */
  skipped: z.array(z.object({ alert_id: z.string(), reason: z.string() })),
});
export type AlertActionResult = z.infer<typeof AlertActionResult>;

/** Only what the action changed. */
const Values = z.object({
  status: AlertStatus.optional(),
  assignee: z.string().nullable().optional(),
  resolved_at: z.iso.datetime().nullable().optional(),
});
export type AlertValues = z.infer<typeof Values>;

/** One action on one alert; those of one order share `action_id`. */
export const AlertAction = z.object({
  action_id: z.string(),
  alert_id: z.string(),
  at: z.iso.datetime(),
  by: z.string(),
  before: Values,
  after: Values,
  comment: z.string().nullable(),
  /** The action that this one took back. */
  undoes: z.string().nullable(),
  /** The action that took this one back: its comment is withdrawn too. */
  undone_by: z.string().nullable(),
});
export type AlertAction = z.infer<typeof AlertAction>;

// GET /api/v1/alerts/{id}/actions, newest first, at most 500
export const AlertActionList = z.object({ actions: z.array(AlertAction) });

function changesSomething({ status, assignee, comment }: AlertChangeFields): boolean {
  return status !== undefined || assignee !== undefined || comment !== undefined;
}

interface AlertChangeFields {
  readonly status?: AlertStatus | undefined;
  readonly assignee?: string | null | undefined;
  readonly comment?: string | undefined;
}
