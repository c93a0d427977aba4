/**
 * How full the store is and where that leads: what each tier takes, what it grows by in a day, and whether the
 * limits in days or the budget in bytes will end it first.
 *
 * The rate is that of the last 24 hours, or of the store's whole life where it is younger (but an hour at least:
 * the first minutes of a store say nothing about its days).
 */
import type { StorageOutlook } from '../contract/api.ts';
import { expiredPartitions } from './archive/expired-partitions.ts';
import type { Queryable } from './database.ts';
import { databaseBytes, type RetentionLimits } from './retention.ts';
import { overShards } from './shards/over-shards.ts';
import { TIERS } from './tiers.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Of all shards together; the limits are those of each.
 * @param now the clock's time
 */
export async function storageOutlook(
  db: Queryable,
  limits: RetentionLimits,
  now: Date,
): Promise<StorageOutlook> {
  const shards = await overShards(db, (shard) => usageOf(shard, limits, now));
  const sum = (of: (usage: Usage) => number) => shards.reduce((all, usage) => all + of(usage), 0);
  const tiers = (shards[0]?.tiers ?? []).map((first, index) => ({
    ...first,
    bytes: sum(({ tiers: each }) => each[index]?.bytes ?? 0),
    bytes_per_day: sum(({ tiers: each }) => each[index]?.bytes_per_day ?? 0),
  }));
  const bytes = sum((usage) => usage.bytes);
  const maxBytes = limits.maxBytes * shards.length;
  return {
    bytes,
    max_bytes: maxBytes,
    ...outlook(bytes, maxBytes, tiers),
    tiers,
    pinned_bytes: sum((usage) => usage.pinnedBytes),
    waiting_for_archive: sum((usage) => usage.waiting),
  };
}

async function usageOf(db: Queryable, limits: RetentionLimits, now: Date): Promise<Usage> {
  const rows = await db.query<{ parent: string; bytes: number; recent: number; pinned: number }>(
    `SELECT parent, sum(bytes)::int8 AS bytes,
       coalesce(sum(bytes) FILTER (WHERE written_at > $1 AND NOT is_pinned), 0)::int8 AS recent,
       coalesce(sum(bytes) FILTER (WHERE is_pinned), 0)::int8 AS pinned
     FROM (SELECT *, pg_total_relation_size(name::regclass) AS bytes FROM store_partitions) AS p
     GROUP BY parent`,
    [new Date(now.getTime() - DAY_MS)],
  );
  const days = await recentDays(db, now);
  const tiers = Object.values(TIERS).map(({ name, parent }) => {
    const row = rows.find((each) => each.parent === parent);
    return {
      tier: name,
      bytes: row?.bytes ?? 0,
      bytes_per_day: Math.round((row?.recent ?? 0) / days),
      keep_days: keepDays(limits)[name],
    };
  });
  return {
    bytes: await databaseBytes(db),
    tiers,
    pinnedBytes: rows.reduce((sum, { pinned }) => sum + pinned, 0),
    waiting: (await expiredPartitions(db)).length,
  };
}

type Tier = StorageOutlook['tiers'][number];

/** What one database holds. */
interface Usage {
  readonly bytes: number;
  readonly tiers: readonly Tier[];
  readonly pinnedBytes: number;
  readonly waiting: number;
}

/** Pure, so that every case can be tested. */
export function outlook(
  bytes: number,
  maxBytes: number,
  tiers: readonly Tier[],
): Pick<
  StorageOutlook,
  'bytes_per_day' | 'settles_at_bytes' | 'days_until_full' | 'packet_hours_within_budget'
> {
  const sum = (of: (tier: Tier) => number) => tiers.reduce((all, tier) => all + of(tier), 0);
  const bytesPerDay = sum((tier) => tier.bytes_per_day);
  const settled = (tier: Tier) => tier.bytes_per_day * tier.keep_days;
  const besides = Math.max(0, bytes - sum((tier) => tier.bytes));
  const settlesAt = Math.round(besides + sum(settled));
  // Packets are given up first: they have what the others leave.
  const packets = tiers.find(({ tier }) => tier === 'packets');
  const left = maxBytes - (settlesAt - (packets ? settled(packets) : 0));
  const hours =
    packets && packets.bytes_per_day > 0 ? (left / packets.bytes_per_day) * 24 : Infinity;
  const mostHours = (packets?.keep_days ?? 0) * 24;
  return {
    bytes_per_day: bytesPerDay,
    settles_at_bytes: settlesAt,
    days_until_full:
      settlesAt > maxBytes && bytesPerDay > 0 ? Math.max(0, maxBytes - bytes) / bytesPerDay : null,
    packet_hours_within_budget: Math.max(0, Math.min(hours, mostHours)),
  };
}

function keepDays(limits: RetentionLimits): Record<keyof typeof TIERS, number> {
  return {
    packets: limits.packetHours / 24,
    flows: limits.flowDays,
    windows_5s: limits.windowDays,
    windows_30s: limits.windowDays30s,
    windows_180s: limits.windowDays180s,
  };
}

async function recentDays(db: Queryable, now: Date): Promise<number> {
  const [row] = await db.query<{ born: Date }>(
    'SELECT min(written_at) AS born FROM store_partitions',
  );
  const age = now.getTime() - (row?.born.getTime() ?? now.getTime());
  return Math.min(DAY_MS, Math.max(HOUR_MS, age)) / DAY_MS;
}
