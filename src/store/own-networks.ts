/** The part of the never-block list that the system finds by itself at each start: shown with the rest, not removable. */
import type { Database } from './database.ts';

/** Puts `networks` in place of what was found before; an address that has moved is no longer protected. */
export async function replaceOwnNetworks(
  db: Database,
  networks: readonly { cidr: string; reason: string }[],
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.query('DELETE FROM protected_networks WHERE NOT removable');
    for (const { cidr, reason } of networks)
      await tx.query(
        `INSERT INTO protected_networks (cidr, reason, removable) VALUES (network($1::inet), $2, false)
         ON CONFLICT (cidr) DO UPDATE SET reason = excluded.reason, removable = false`,
        [cidr, reason],
      );
  });
}
