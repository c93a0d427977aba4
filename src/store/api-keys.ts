/** API keys of sensors and programs. Only the hash of a key's secret is stored. */
import { randomUUID } from 'node:crypto';
import type { ApiKey, Role } from '../contract/api.ts';
import { AppError } from '../errors.ts';
import type { Queryable } from './database.ts';

const COLUMNS = 'id, name, role, created_at, last_used_at';

type Row = Omit<ApiKey, 'created_at' | 'last_used_at'> & {
  created_at: Date;
  last_used_at: Date | null;
};

/** @param order.secretHash SHA-256 of the secret in hexadecimal. */
export async function createApiKey(
  db: Queryable,
  order: { name: string; role: Role; secretHash: string },
): Promise<ApiKey> {
  const [row] = await db.query<Row>(
    `INSERT INTO api_keys (id, name, role, secret_hash) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
    [randomUUID(), order.name, order.role, order.secretHash],
  );
  if (!row) throw new Error('The insert returned no row');
  return present(row);
}

/** Notes its use, to the minute: a sensor sends often and `last_used_at` is for people. */
export async function findApiKey(db: Queryable, secretHash: string): Promise<ApiKey | null> {
  const [row] = await db.query<Row>(`SELECT ${COLUMNS} FROM api_keys WHERE secret_hash = $1`, [
    secretHash,
  ]);
  if (!row) return null;
  await db.query(
    `UPDATE api_keys SET last_used_at = now()
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
    [row.id],
  );
  return present(row);
}

export async function listApiKeys(db: Queryable): Promise<ApiKey[]> {
  const rows = await db.query<Row>(`SELECT ${COLUMNS} FROM api_keys ORDER BY created_at, id`);
  return rows.map(present);
}

/** @throws AppError `not_found` */
export async function deleteApiKey(db: Queryable, id: string): Promise<void> {
  const rows = await db.query('DELETE FROM api_keys WHERE id = $1 RETURNING id', [id]);
  if (rows.length === 0) throw new AppError('not_found', `There is no API key ${id}`);
}

function present(row: Row): ApiKey {
  return {
    ...row,
    created_at: row.created_at.toISOString(),
    last_used_at: row.last_used_at?.toISOString() ?? null,
  };
}
