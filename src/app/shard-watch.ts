/** What a server says of the databases of its store: which are away, in words and as metrics. */
import { Gauge, type Registry } from 'prom-client';
import type { Database } from '../store/database.ts';
import { awayShards } from '../store/shards/over-shards.ts';

/** What is not as it should be. */
export function shardTroubles(db: Database): string[] {
  const count = db.shards?.length ?? 1;
  return [...awayShards(db)].map(
    ([number, reason]) =>
      `shard ${number} of ${count} is away: what it has is not shown, and what its sensors send waits in the stream: ${reason}`,
  );
}

export function measureShards(registry: Registry, db: Database): void {
  if (!db.shards) return;
  new Gauge({
    name: 'phantomnet_shard_up',
    help: 'Whether a database of the store answers',
    labelNames: ['shard'],
    registers: [registry],
    collect() {
      const away = awayShards(db);
      for (const shard of db.shards?.keys() ?? []) this.set({ shard }, away.has(shard) ? 0 : 1);
    },
  });
}
