/** What the store, on all its databases, has counted since the process began, and what waits for the archive. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Database, StoreCounters } from '../store/database.ts';
import { overShards } from '../store/shards/over-shards.ts';

const HELP: Readonly<Record<keyof StoreCounters, string>> = {
  batches: 'Batches stored',
  duplicates: 'Batches that were stored before, and changed nothing',
  packets: 'Packets stored',
  flows: 'Flows stored',
  windows: 'Windows stored',
  alerts: 'Alerts stored, or changed',
  marked: 'Packets stored before their alert was raised, and marked after',
  markingsSkipped: 'References of alerts that were too many to be marked',
  partitionsRefused: 'Partitions not made because there are too many: rows are in the default one',
  partitionsArchived: 'Expired partitions written to the archive',
  partitionsUnarchived: 'Expired partitions dropped without, because it could not be written',
  partitionsPinned: 'Partitions of which only the evidence of open alerts was kept',
  partitionsUnpinned: 'Partitions of evidence that its cap let go',
  quarantinedEmptied: 'Quarantined batches of which only the reason was kept',
};

export function measureStore(registry: Registry, db: Database): void {
  const registers = [registry];
  for (const [name, help] of Object.entries(HELP)) {
    const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    new Counter({
      name: `phantomnet_store_${snake}_total`,
      help: `${help}, since the start`,
      registers,
      collect() {
        this.reset();
        for (const { counters } of db.shards ?? [db])
          this.inc(counters[name as keyof StoreCounters]);
      },
    });
  }
  new Gauge({
    name: 'phantomnet_store_partitions_waiting',
    help: 'Expired partitions that wait for the archive',
    registers,
    async collect() {
      const lists = await overShards(db, (shard) =>
        shard.query<{ count: number }>('SELECT count(*) AS count FROM expired_partitions'),
      ).catch(() => []);
      if (lists.length > 0) this.set(lists.flat().reduce((sum, { count }) => sum + count, 0));
    },
  });
}
