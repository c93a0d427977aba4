/** What selects alerts, in lists and for what is done to many at once. */
import { z } from 'zod';
import { AlertStatus, Severity } from './alert.ts';
import { ALERT_KIND_NAMES } from './alert-kinds.ts';

export const AlertFilter = z.strictObject({
  alert_type: z.enum(ALERT_KIND_NAMES).optional(),
  severity: Severity.optional(),
  status: AlertStatus.optional(),
  source_ip: z.union([z.ipv4(), z.ipv6()]).optional(),
  assignee: z.string().min(1).max(128).optional(),
  /** Absent: without those that a suppression hides. */
  suppressed: z.enum(['with', 'only']).optional(),
});
export type AlertFilter = z.infer<typeof AlertFilter>;
