/** `phantomnet worker`: takes its share of the stream's partitions, analyses, commits. It has no state of its own. */
import { DEMO_SENSOR } from '../contract/demo-sensor.ts';
import { NeverBlockList } from '../core/response/never-block.ts';
import { readPolicy } from '../store/policy.ts';
import { listProtected } from '../store/protected.ts';
import { copySuppressionsTo } from '../store/shards/copy-suppressions.ts';
import { shardOf } from '../store/shards/over-shards.ts';
import { sendEvents } from '../stream/live-relay.ts';
import { PARTITIONS } from '../stream/partition.ts';
import { AlertAnnouncer } from './alert-announcer.ts';
import { type Config, detectionLimits } from './config.ts';
import { measureDecisions } from './decision-metrics.ts';
import { Decisions } from './decisions.ts';
import { measureJudging } from './judging-metrics.ts';
import type { Log } from './log.ts';
import { openJudging } from './open-judging.ts';
import { packageVersion } from './package-paths.ts';
import { measurePackets } from './packet-metrics.ts';
import { workOnPartition } from './partition-worker.ts';
import { every } from './periodic.ts';
import { Pipeline, type PipelineOptions } from './pipeline.ts';
import { measureShards } from './shard-watch.ts';
import { sharePartitions } from './share-partitions.ts';
import { openShared } from './shared-parts.ts';
import { measureStore } from './store-metrics.ts';
import { TrafficTicker } from './traffic-ticker.ts';
import { startWorkerFront, workerRegistry } from './worker-front.ts';

const POLICY_MS = 5_000;
const JUDGING_MS = 60_000;
/** Of one partition: four times what a thousand sensors come to. */
const MAX_SENSORS = 256;

export interface WorkerStats {
  partitions: readonly number[];
  batches: number;
  packets: number;
  alerts: number;
  /** Set aside because they can never be stored. */
  quarantined: number;
  /** Analyses that began anew, because what was kept of them did not fit. */
  losses: number;
  /** Batches that were missing when an analysis was counted again. */
  missing: number;
}

/**
 * Works until `signal` aborts, then leaves everything to the others.
 * @param onStats told of the counters' object once; they move.
 * @throws AppError `config_invalid`, `database_unavailable`, `server_unavailable`
 */
export async function runWorkerRole(
  config: Config,
  log: Log,
  signal: AbortSignal,
  onStats: (stats: WorkerStats) => void = () => {},
): Promise<void> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const { db, connection, stream } = await openShared(config, 'worker', log, stops);
    const { judging } = await openJudging(config, db, log);
    const stats: WorkerStats = {
      partitions: [],
      batches: 0,
      packets: 0,
      alerts: 0,
      quarantined: 0,
      losses: 0,
      missing: 0,
    };
    const registry = workerRegistry(stats);
    measureStore(registry, db);
    measureShards(registry, db);
    measureJudging(registry, judging);
    const countPackets = measurePackets(registry);
    const { host, metrics_port: port } = config.worker;
    if (port !== null) {
      const streamTrouble = () => stream.trouble;
      const front = { host, port, registry, version: packageVersion(), db, stats, streamTrouble };
      const listener = await startWorkerFront({ ...front, log });
      stops.push(() => listener.stop());
      log.info(`Metrics and health: ${listener.url}`);
    }
    onStats(stats);
    const publish = sendEvents(connection, config.stream.name);
    const decisions = new Decisions({
      db,
      enforcement: null,
      enforcementReason: null,
      isElsewhere: true,
      keepAsking: signal,
      log,
      onChange: (data) => publish({ type: 'decision', data }),
    });
    measureDecisions(registry, decisions);
    stops.push(() => decisions.idle());
    const announcer = new AlertAnnouncer({
      db,
      log,
      tell: (data) => publish({ type: 'alert', data }),
    });
    stops.push(() => announcer.idle());
    const ticker = new TrafficTicker((data) => publish({ type: 'traffic', data }));
    stops.push(async () => ticker.stop());
    const policy = await readPolicy(db);
    every(POLICY_MS, stops, log, async () => {
      Object.assign(policy, await readPolicy(db));
      await judging.refresh();
    });
    // What the database lists and not what this machine is: every worker must come to the same.
    const neverBlock = new NeverBlockList(await listProtected(db));
    const common: Omit<PipelineOptions, 'store' | 'keeper'> = {
      analysis: { judge: null, limits: detectionLimits(config), policy, neverBlock },
      maxSensors: MAX_SENSORS,
      onStored(batch) {
        stats.batches++;
        stats.packets += batch.packets.length;
        stats.alerts += batch.alerts.length;
        ticker.add(batch);
        countPackets(batch);
        judging.observe(batch);
        announcer.announce(batch.alerts);
      },
      onBlocks: (blocks, sensorId) =>
        Promise.all(blocks.map((block) => decisions.blockFor(block, sensorId !== DEMO_SENSOR))),
      onRecalledBlocks: (blocks, sensorId) =>
        Promise.all(blocks.map((block) => decisions.blockOnce(block, sensorId !== DEMO_SENSOR))),
      onBug: (error, place) => log.error({ err: error, ...place }, 'a batch met a bug'),
    };
    const pipelines = new Map<number, Pipeline>(); // of each partition, the last one
    judging.onChange((judge) => {
      for (const pipeline of pipelines.values()) pipeline.judgeWith(judge);
    });
    every(JUDGING_MS, stops, log, () => judging.save());
    const snapshotMs = config.resume.snapshot_s * 1000;
    await sharePartitions(
      {
        db,
        partitions: PARTITIONS,
        log,
        onHeld(partitions) {
          stats.partitions = partitions;
          log.info({ partitions }, 'partitions');
        },
        async work(partition, lease, stop) {
          // What was suppressed while the shard was away holds for what is written from here on.
          const shard = shardOf(db, partition);
          if (shard !== db) await copySuppressionsTo(shard, db);
          await workOnPartition(
            {
              partition,
              lease,
              stream,
              snapshotMs,
              log,
              pipeline(parts) {
                const pipeline = new Pipeline({
                  ...common,
                  analysis: { ...common.analysis, judge: judging.judge },
                  ...parts,
                });
                pipelines.set(partition, pipeline);
                return pipeline;
              },
              onQuarantine() {
                stats.quarantined++;
              },
              onLoss(what, count) {
                if (what === 'state') stats.losses += count;
                else stats.missing += count;
              },
            },
            stop,
          );
        },
      },
      signal,
    );
  } finally {
    for (const stop of stops.splice(0).reverse()) await stop();
  }
}
