/** What should happen, to whom, until when; and what the enforcer says became of it. */
import { z } from 'zod';
import { Verdict } from './alert.ts';

export const Decision = z.object({
  id: z.string(),
  action: Verdict,
  /** The address concerned. */
  ip: z.string(),
  reason: z.string(),
  /** The alert that led to it; null for one made by hand. */
  alert_id: z.string().nullable(),
  /** True: recorded and shown, not carried out. */
  simulated: z.boolean(),
  /** `pending` until the enforcer has answered; `active`, `expired`, `removed`, or `refused` with `detail`. */
  state: z.enum(['pending', 'active', 'expired', 'removed', 'refused', 'simulated']),
  detail: z.string().nullable(),
  created_at: z.iso.datetime(),
  /** Null: until removed by hand. */
  expires_at: z.iso.datetime().nullable(),
  created_by: z.string(),
});
export type Decision = z.infer<typeof Decision>;
