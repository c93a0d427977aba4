/** How the server is reached. */
import { z } from 'zod';

export const HttpConfig = z.strictObject({
  /** Address to listen on; `0.0.0.0` or `::` for all. */
  host: z.string().min(1).default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535).default(8000),
  /** Clients reach us by https, through a proxy before us: cookies are then Secure. */
  https: z.boolean().default(false),
  /** Names besides addresses and `localhost` under which we may be called; `*`: any. */
  host_names: z.array(z.string().min(1)).default([]),
});
export type HttpConfig = z.infer<typeof HttpConfig>;
