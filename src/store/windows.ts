/** Closed windows with their features and verdict. */
import { WINDOW_FEATURES } from '../contract/features.ts';
import type { WindowRecord, WindowScope, WindowSize } from '../contract/window.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';
import { WINDOW_TIERS } from './tiers.ts';
import { walkBack } from './walk-back.ts';

const COLUMNS = [
  'window_size',
  'extract(epoch FROM window_start)::float8 AS window_start',
  'extract(epoch FROM window_end)::float8 AS window_end',
  ...['scope', 'entity', 'sensor_id', 'completeness'],
  ...WINDOW_FEATURES.map(({ name }) => name),
  ...['predicted_label', 'confidence', 'threat_score'],
].join(', ');

/** The newest windows of one size, newest first. */
export async function latestWindows(
  db: Queryable,
  query: {
    window_size: WindowSize;
    limit: number;
    scope?: WindowScope | undefined;
    entity?: string | undefined;
  },
): Promise<WindowRecord[]> {
  const options = { before: null, count: query.limit };
  const lists = await overShards(db, (shard) =>
    walkBack(shard, WINDOW_TIERS[query.window_size], options, (lower) => {
      const filter = new Filter()
        .add('window_size = ?', query.window_size)
        .equal('scope', query.scope)
        .equal('entity', query.entity);
      if (lower !== null) filter.add('window_start >= ?', lower);
      return shard.query<WindowRecord>(
        `SELECT ${COLUMNS} FROM aggregated_features AS w ${filter.where}
         ORDER BY w.window_start DESC, scope DESC, entity DESC LIMIT $${filter.values.length + 1}`,
        [...filter.values, query.limit],
      );
    }),
  );
  // Entities of the same moment stay as each database sorts them: its collation is none of ours.
  return mergeSorted(
    lists,
    query.limit,
    (a, b) =>
      b.window_start - a.window_start || (a.scope === b.scope ? 0 : a.scope < b.scope ? 1 : -1),
  );
}
