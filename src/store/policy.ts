/** The one policy: thresholds, and whether decisions are carried out at all. */
import type { Policy } from '../contract/api.ts';
import type { Queryable } from './database.ts';

/** Not armed until a person arms it: the migration made the row so. */
export async function readPolicy(db: Queryable): Promise<Policy> {
  const [policy] = await db.query<Policy>(
    'SELECT armed, alert_threshold, block_threshold, block_seconds FROM policy',
  );
  if (!policy) throw new Error('The policy table is empty');
  return policy;
}

export async function writePolicy(db: Queryable, policy: Policy): Promise<void> {
  await db.query(
    `UPDATE policy SET armed = $1, alert_threshold = $2, block_threshold = $3, block_seconds = $4`,
    [policy.armed, policy.alert_threshold, policy.block_threshold, policy.block_seconds],
  );
}
