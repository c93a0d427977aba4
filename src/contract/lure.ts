/** What a lure saw of one visitor. */
import { z } from 'zod';

export const LureService = z.enum(['ssh', 'http', 'ftp']);
export type LureService = z.infer<typeof LureService>;

export const LureEvent = z.object({
  id: z.string(),
  session_id: z.string(),
  /** ISO 8601. */
  at: z.iso.datetime(),
  service: LureService,
  source_ip: z.string(),
  source_port: z.number().int(),
  local_port: z.number().int(),
  kind: z.enum(['connect', 'banner', 'login', 'command', 'request', 'upload', 'close']),
  username: z.string().nullable(),
  password: z.string().nullable(),
  /**
   * The command line, request line (headers on the lines after it), client banner or file name; of a login
   * `accepted` or `rejected`, then the method (`password`, `publickey SHA256:…`).
   */
  text: z.string().nullable(),
  /** Size of an upload or a request body. */
  bytes: z.number().int().nullable(),
  sha256: z.string().nullable(),
});
export type LureEvent = z.infer<typeof LureEvent>;

/** A login that the lure let through. */
export function isAcceptedLogin(event: LureEvent): boolean {
  return event.kind === 'login' && event.text !== null && event.text.startsWith('accepted');
}
