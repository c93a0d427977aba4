/** The never-block list. Networks are stored masked: 192.0.2.7/24 becomes 192.0.2.0/24, an address its /32 or /128. */
import type { ProtectedNetwork } from '../contract/api.ts';
import { AppError } from '../errors.ts';
import { cleanText } from './clean-text.ts';
import type { Queryable } from './database.ts';

const COLUMNS = 'cidr::text AS cidr, reason, removable';

export async function listProtected(db: Queryable): Promise<ProtectedNetwork[]> {
  return db.query<ProtectedNetwork>(
    `SELECT ${COLUMNS} FROM protected_networks ORDER BY protected_networks.cidr`,
  );
}

/**
 * Adds it or gives it a new reason; what the system found by itself (`removable: false`) stays so.
 * @param network `cidr` is an address or a network.
 */
export async function addProtected(
  db: Queryable,
  network: { cidr: string; reason: string; removable?: boolean },
): Promise<ProtectedNetwork> {
  const [row] = await db.query<ProtectedNetwork>(
    `INSERT INTO protected_networks AS p (cidr, reason, removable)
     VALUES (network($1::inet), $2, $3)
     ON CONFLICT (cidr) DO UPDATE SET reason = excluded.reason,
       removable = p.removable AND excluded.removable
     RETURNING ${COLUMNS.replace('cidr::', 'p.cidr::')}`,
    [network.cidr, cleanText(network.reason), network.removable ?? true],
  );
  if (!row) throw new Error('The upsert returned no row');
  return row;
}

/** @throws AppError `not_found`; `conflict` where the system protects it by itself. */
export async function removeProtected(db: Queryable, cidr: string): Promise<void> {
  const removed = await db.query(
    'DELETE FROM protected_networks WHERE cidr = network($1::inet) AND removable RETURNING cidr',
    [cidr],
  );
  if (removed.length > 0) return;
  const kept = await db.query('SELECT 1 FROM protected_networks WHERE cidr = network($1::inet)', [
    cidr,
  ]);
  if (kept.length === 0) throw new AppError('not_found', `${cidr} is not on the never-block list`);
  throw new AppError('conflict', `Cannot remove ${cidr}: this system needs it itself`);
}
