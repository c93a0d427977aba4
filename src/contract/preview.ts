/** What a change of suppressions or thresholds would have done to the last days, before anybody makes it. */
import { z } from 'zod';
import { Alert } from './alert.ts';
import { CriteriaShape, hasCriterion } from './suppression.ts';

export const MAX_PREVIEW_DAYS = 30;
export const MAX_PREVIEW_EXAMPLES = 10;

const Days = z.number().int().min(1).max(MAX_PREVIEW_DAYS).default(7);

// POST /api/v1/suppressions/preview
export const SuppressionPreviewOrder = z
  .strictObject({ ...CriteriaShape, days: Days })
  .refine(hasCriterion, { message: 'Expected at least one criterion' });

// POST /api/v1/policy/preview; what is absent stays as it is
export const PolicyPreviewOrder = z.strictObject({
  alert_threshold: z.number().min(0).max(1).optional(),
  block_threshold: z.number().min(0).max(1).optional(),
  days: Days,
});

const Example = Alert.pick({
  id: true,
  alert_type: true,
  severity: true,
  source_ip: true,
  destination_ip: true,
  destination_port: true,
  confidence: true,
  description: true,
  last_seen: true,
});

export const PreviewGroup = z.object({
  count: z.number().int(),
  /** Distinct source addresses. */
  sources: z.number().int(),
  /** Most frequent first. */
  by_type: z.array(z.object({ alert_type: Alert.shape.alert_type, count: z.number().int() })),
  /** The newest, at most 10. */
  examples: z.array(Example),
});
export type PreviewGroup = z.infer<typeof PreviewGroup>;

export const ChangePreview = z.object({
  days: z.number().int(),
  /** Alerts of these days, and what stayed below the threshold. */
  looked_at: z.number().int(),
  /** There are more than were looked at (50,000 of each, the newest). */
  is_cut: z.boolean(),
  /** Were to be seen and would not be. */
  hidden: PreviewGroup,
  /** Were not to be seen and would be. */
  raised: PreviewGroup,
  /** Asked for no block and would. */
  blocked: PreviewGroup,
  /** Asked for a block and would not. */
  unblocked: PreviewGroup,
  /** What the numbers do not say. */
  notes: z.array(z.string()),
});
export type ChangePreview = z.infer<typeof ChangePreview>;
