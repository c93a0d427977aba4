/** What a server sees of the stream and the workers, which have no page of their own: as metrics, and what is wrong in words. */
import { Gauge, type Registry } from 'prom-client';
import { followGauge } from '../http/follow-gauge.ts';
import type { Database } from '../store/database.ts';
import { countWorkers } from '../store/partition-lease.ts';
import { countQuarantined } from '../store/quarantine.ts';
import { shardOf } from '../store/shards/over-shards.ts';
import { storedPositions } from '../store/stream-places.ts';
import type { JetStream } from '../stream/jetstream.ts';
import { PARTITIONS } from '../stream/partition.ts';

/** Numbers are not older than this: several metrics of one look. */
const LOOK_MS = 1_000;

interface Look {
  readonly workers: number;
  readonly quarantined: number;
  /** By partition: batches that are not stored yet, null where its shard is away; bytes that are kept. */
  readonly waiting: readonly (number | null)[];
  readonly bytes: readonly number[];
}

export class StreamWatch {
  readonly #db: Database;
  readonly #stream: JetStream;
  #look: Promise<Look> | null = null;
  #lookedMs = 0;

  constructor(db: Database, stream: JetStream) {
    this.#db = db;
    this.#stream = stream;
  }

  measure(registry: Registry): void {
    const registers = [registry];
    const watch = this;
    const follow = (name: string, help: string, read: (look: Look) => number) =>
      followGauge(registry, name, help, async () => {
        const look = await watch.look();
        return look && read(look);
      });
    const byPartition = (
      name: string,
      help: string,
      read: (look: Look) => readonly (number | null)[],
    ) =>
      new Gauge({
        name,
        help,
        labelNames: ['partition'],
        registers,
        async collect() {
          const look = await watch.look();
          for (const [partition, value] of look ? read(look).entries() : [])
            if (value === null) this.remove({ partition });
            else this.set({ partition }, value);
        },
      });
    follow('phantomnet_workers', 'Workers connected to the database', ({ workers }) => workers);
    follow(
      'phantomnet_quarantined_batches',
      'Batches set aside because they can never be stored',
      ({ quarantined }) => quarantined,
    );
    byPartition(
      'phantomnet_stream_waiting_batches',
      'Batches acknowledged and not yet stored',
      ({ waiting }) => waiting,
    );
    byPartition(
      'phantomnet_stream_bytes',
      'Kept by the stream: what waits, and what states do not include yet',
      ({ bytes }) => bytes,
    );
  }

  /** What is not as it should be. */
  async troubles(): Promise<string[]> {
    const troubles = this.#stream.trouble === null ? [] : [`the stream: ${this.#stream.trouble}`];
    const look = await this.look();
    if (look?.workers === 0)
      troubles.push('no worker is connected: what sensors deliver waits in the stream');
    if (look && look.quarantined > 0)
      troubles.push(`${look.quarantined} batches can never be stored: see /api/v1/quarantine`);
    return troubles;
  }

  /** Null: database or stream do not answer, which others say. */
  look(): Promise<Look | null> {
    const now = performance.now();
    if (this.#look === null || now - this.#lookedMs > LOOK_MS) {
      this.#lookedMs = now;
      this.#look = this.#read();
    }
    return this.#look.catch(() => null);
  }

  async #read(): Promise<Look> {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
    const [workers, quarantined, stored, states] = await Promise.all([
      countWorkers(this.#db),
      countQuarantined(this.#db),
      storedPositions(this.#db),
      Promise.all(partitions.map((partition) => this.#stream.state(partition))),
    ]);
    return {
      workers,
      quarantined,
      waiting: states.map(({ last }, partition) =>
        shardOf(this.#db, partition).place?.away == null
          ? Math.max(0, last - (stored.get(partition) ?? 0))
          : null,
      ),
      bytes: states.map(({ bytes }) => bytes),
    };
  }
}
