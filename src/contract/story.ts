/** What one address did and what was done about it, on one time line. */
import { z } from 'zod';
import { Alert } from './alert.ts';

/** Of each kind of entry, the newest. */
export const MAX_STORY_ENTRIES = 200;

// GET /api/v1/sources/{ip}/story?days=30
export const StoryQuery = z.object({ days: z.coerce.number().int().min(1).max(365).default(30) });

export const StoryEntry = z.object({
  at: z.iso.datetime(),
  /** Null: a moment, or not over. */
  until: z.iso.datetime().nullable(),
  /**
   * `persistence`: a new contact while a block stood (the capture sees what the firewall drops, and a simulated block
   * drops nothing); `return`: the first one after its end.
   */
  kind: z.enum(['first_contact', 'alert', 'lure', 'block', 'persistence', 'return']),
  text: z.string(),
  alert: Alert.pick({ id: true, alert_type: true, severity: true, status: true }).nullable(),
  /** The alert is hidden by a suppression. */
  is_suppressed: z.boolean(),
  session_id: z.string().nullable(),
  decision_id: z.string().nullable(),
  /** Of a block: recorded, not carried out. */
  is_simulated: z.boolean(),
});
export type StoryEntry = z.infer<typeof StoryEntry>;

export const Story = z.object({
  ip: z.string(),
  days: z.number().int(),
  /** Oldest first. */
  entries: z.array(StoryEntry),
  /** There are older ones. */
  is_cut: z.boolean(),
  /** The latest sign of it; null: none. */
  last_contact: z.iso.datetime().nullable(),
});
export type Story = z.infer<typeof Story>;
