/**
 * What a worker answers on its own port, where it has one: `/metrics` for Prometheus and `/health` for what starts it
 * again. Nobody signs in here: it is for this machine, or a network of machines only.
 */
import { Hono } from 'hono';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { followGauge } from '../http/follow-gauge.ts';
import { type Listener, listen } from '../http/listen.ts';
import { internalProblem, problemOf, problemResponse } from '../http/problem.ts';
import { requireOwnHost } from '../http/same-origin.ts';
import type { Database } from '../store/database.ts';
import { countWorkers } from '../store/partition-lease.ts';
import { answerInTime } from './answer-in-time.ts';
import type { Log } from './log.ts';
import { shardTroubles } from './shard-watch.ts';
import type { WorkerStats } from './worker-role.ts';

export interface WorkerFrontOptions {
  readonly host: string;
  readonly port: number;
  readonly registry: Registry;
  readonly version: string;
  readonly db: Database;
  readonly stats: WorkerStats;
  readonly log: Pick<Log, 'error'>;
  /** Why the stream does not work; null: it does. */
  readonly streamTrouble: () => string | null;
}

/** @throws AppError `port_taken`, `config_invalid` */
export async function startWorkerFront(options: WorkerFrontOptions): Promise<Listener> {
  const { host, port, registry, log } = options;
  const app = new Hono();
  app.use(async (context, next) => {
    requireOwnHost(context.req.header('host') ?? null, host === '127.0.0.1' ? [] : ['*']);
    await next();
  });
  app.get('/metrics', async (context) =>
    context.body(await registry.metrics(), 200, {
      'content-type': registry.contentType,
      'cache-control': 'no-store',
    }),
  );
  app.get('/health', async (context) => {
    const health = await workerHealth(options);
    return context.json(health, health.status === 'down' ? 503 : 200);
  });
  app.notFound((context) => context.text('There are /metrics and /health\n', 404));
  app.onError((error) => {
    const problem = problemOf(error);
    if (problem) return problemResponse(problem, new Headers());
    const internal = internalProblem();
    log.error({ err: error, instance: internal.instance }, 'request failed');
    return problemResponse(internal, new Headers());
  });
  return listen(app, { host, port });
}

/** The process, and what it holds; other rooms put theirs beside it. */
export function workerRegistry(stats: WorkerStats): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  followGauge(
    registry,
    'phantomnet_worker_partitions',
    'Partitions that this worker holds',
    () => stats.partitions.length,
  );
  followGauge(
    registry,
    'phantomnet_worker_quarantined_batches',
    'Batches that this worker set aside because they can never be stored, since the start',
    () => stats.quarantined,
  );
  followGauge(
    registry,
    'phantomnet_analysis_losses',
    'States that could not be restored, since the start',
    () => stats.losses,
  );
  followGauge(
    registry,
    'phantomnet_analysis_missing_batches',
    'Batches that the stream lacked when an analysis was counted again, since the start',
    () => stats.missing,
  );
  return registry;
}

async function workerHealth({ db, stats, streamTrouble, version }: WorkerFrontOptions) {
  const reasons: string[] = [];
  const trouble = streamTrouble();
  if (trouble !== null) reasons.push(`the stream: ${trouble}`);
  const workers = await answerInTime(countWorkers(db));
  if (workers === null) reasons.push('the database does not answer');
  reasons.push(...shardTroubles(db));
  return {
    status: workers === null ? 'down' : reasons.length > 0 ? 'degraded' : 'ok',
    timestamp: new Date().toISOString(),
    version,
    database: workers === null ? 'down' : 'ok',
    partitions: stats.partitions,
    reasons,
  };
}
