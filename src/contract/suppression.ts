/** Suppressions: what people do not want to hear of, why, until when, and what it has hidden. */
import { z } from 'zod';
import { ALERT_KIND_NAMES } from './alert-kinds.ts';

const DAY_S = 86_400;
/** In force at once; past it the next is refused. */
export const MAX_SUPPRESSIONS = 500;
export const DEFAULT_SUPPRESSION_S = 30 * DAY_S;
/** Wider networks are refused: a suppression for everybody is a way to switch detection off. */
export const WIDEST_PREFIX_BITS = { 4: 8, 6: 16 } as const;

const AddressOrNetwork = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** All that are there must be true of an alert; at least one is there. What an alert does not have is never true of it. */
export const CriteriaShape = {
  alert_type: z.enum(ALERT_KIND_NAMES).optional(),
  source: AddressOrNetwork.optional(),
  target: AddressOrNetwork.optional(),
  port: z.number().int().min(0).max(65_535).optional(),
  sensor_id: z.string().min(1).max(64).optional(),
};

const Criteria = z.strictObject(CriteriaShape);
export type Criteria = z.infer<typeof Criteria>;

// POST /api/v1/suppressions
export const SuppressionOrder = z
  .strictObject({
    ...CriteriaShape,
    reason: z.string().trim().min(1).max(500),
    duration_s: z
      .number()
      .int()
      .min(60)
      .max(365 * DAY_S)
      .default(DEFAULT_SUPPRESSION_S),
  })
  .refine(hasCriterion, { message: 'Expected at least one criterion' });
export type SuppressionOrder = z.infer<typeof SuppressionOrder>;

// GET /api/v1/suppressions; DELETE /api/v1/suppressions/{id}
export const Suppression = z.object({
  id: z.string(),
  alert_type: z.enum(ALERT_KIND_NAMES).nullable(),
  source: z.string().nullable(),
  target: z.string().nullable(),
  port: z.number().int().nullable(),
  sensor_id: z.string().nullable(),
  reason: z.string(),
  created_at: z.iso.datetime(),
  created_by: z.string(),
  expires_at: z.iso.datetime(),
  removed_at: z.iso.datetime().nullable(),
  removed_by: z.string().nullable(),
  /** It hides now. */
  in_force: z.boolean(),
  /** Stored alerts that it hides, or did when it was in force. */
  hit_count: z.number().int(),
  /** Packet time at which the latest of them was seen last. */
  last_hit: z.number().nullable(),
});
export type Suppression = z.infer<typeof Suppression>;

export const SuppressionQuery = z.object({
  /** Also those that are over, newest first, at most 1,000. */
  all: z.stringbool().default(false),
});
export const SuppressionList = z.object({ suppressions: z.array(Suppression) });

export function hasCriterion(order: { [Name in keyof typeof CriteriaShape]?: unknown }): boolean {
  return Object.keys(CriteriaShape).some(
    (name) => order[name as keyof typeof CriteriaShape] !== undefined,
  );
}
