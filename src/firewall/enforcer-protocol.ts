/** What client and enforcer process say to each other: one JSON object per line, answered in any order, matched by `id`. */
import { z } from 'zod';
import { parseAddress } from '../core/response/address.ts';
import { parseCidr } from '../core/response/cidr.ts';
import { MAX_BLOCK_SECONDS } from './firewall.ts';

/** 2,000 blocks of 45 characters of address, or as many networks with reasons, fit with room to spare. */
export const MAX_REQUEST_BYTES = 1 << 20;
/** Two full sets as JSON are about 9 MB. */
export const MAX_REPLY_BYTES = 1 << 24;
/** Blocks in one request; the client splits what is longer. */
export const MAX_BLOCKS_PER_REQUEST = 2000;
const MAX_PROTECTED = 2000;

const Ip = z
  .string()
  .max(45)
  .refine((text) => parseAddress(text) !== null, 'not an IP address');
const Seconds = z.number().int().min(1).max(MAX_BLOCK_SECONDS).nullable();
const Blocks = z
  .array(z.strictObject({ ip: Ip, remainingSeconds: Seconds }))
  .max(MAX_BLOCKS_PER_REQUEST);
const Networks = z
  .array(
    z.strictObject({
      cidr: z
        .string()
        .max(49)
        .refine((text) => parseCidr(text) !== null, 'not a network'),
      reason: z.string().max(200),
    }),
  )
  .max(MAX_PROTECTED);
const id = z.number().int().min(0);

export const Request = z.discriminatedUnion('op', [
  z.strictObject({ id, op: z.literal('ping') }),
  z.strictObject({ id, op: z.literal('block'), ip: Ip, seconds: Seconds }),
  z.strictObject({ id, op: z.literal('blockAll'), blocks: Blocks }),
  z.strictObject({ id, op: z.literal('restore'), blocks: Blocks }),
  z.strictObject({ id, op: z.literal('unblock'), ip: Ip }),
  z.strictObject({ id, op: z.literal('list') }),
  z.strictObject({ id, op: z.literal('removeAll') }),
  z.strictObject({ id, op: z.literal('protect'), networks: Networks }),
  z.strictObject({ id, op: z.literal('protectedNetworks') }),
  z.strictObject({ id, op: z.literal('sweep') }),
  z.strictObject({ id, op: z.literal('counts') }),
  z.strictObject({ id, op: z.literal('stop') }),
]);
export type Request = z.infer<typeof Request>;

/** `id` is null when the request's could not be read. */
export const Reply = z.union([
  z.object({ id: z.number().int(), ok: z.literal(true), result: z.unknown() }),
  z.object({
    id: z.number().int().nullable(),
    ok: z.literal(false),
    code: z.string(),
    message: z.string(),
  }),
]);
export type Reply = z.infer<typeof Reply>;
