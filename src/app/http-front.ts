/** The HTTP server of a role: what its routes need, from what the role has. */
import { join } from 'node:path';
import { type Listener, listen, type TlsFiles } from '../http/listen.ts';
import type { LiveEvents } from '../http/live-events.ts';
import type { createMetrics } from '../http/metrics.ts';
import { createApp } from '../http/server.ts';
import type { Database } from '../store/database.ts';
import { storageOutlook } from '../store/storage-outlook.ts';
import type { BatchStream } from '../stream/batch-stream.ts';
import { AlertPackets } from './alert-packets.ts';
import { type Config, evidenceSettings, retentionLimits } from './config.ts';
import type { Decisions } from './decisions.ts';
import type { readHealth } from './health.ts';
import type { Judging } from './judging.ts';
import type { Log } from './log.ts';
import type { ModelDesk } from './model-desk.ts';
import { PACKAGE_DIR } from './package-paths.ts';

export interface HttpFrontParts {
  readonly db: Database;
  readonly live: LiveEvents;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly log: Log;
  readonly decisions: Decisions;
  readonly stream: BatchStream;
  readonly models: ModelDesk;
  readonly judging: Judging;
  readonly tls?: TlsFiles | undefined;
}

/** @throws AppError `port_taken` */
export async function startHttpFront(
  config: Config,
  { decisions, stream, judging, tls, ...services }: HttpFrontParts,
  health: () => ReturnType<typeof readHealth>,
): Promise<Listener> {
  const alertPackets = new AlertPackets(evidenceSettings(config)?.dir ?? null);
  const app = createApp(
    {
      ...services,
      ingest: (batch, place, encoded) => stream.push(batch, place, encoded),
      decisions: {
        block: (order, by) => decisions.block(order, by),
        unblock: (id, by) => decisions.unblock(id, by),
      },
      packetsOf: (alert) => alertPackets.read(alert),
      health,
      storage: () => storageOutlook(services.db, retentionLimits(config), new Date()),
      predict: async (vectors) => {
        const { judge } = judging;
        return judge && vectors.map((values) => judge.judgeVector(values));
      },
    },
    {
      https: config.server.https || tls !== undefined,
      hostNames: config.server.host_names,
      webRoot: join(PACKAGE_DIR, 'dist', 'web'),
    },
  );
  return await listen(app, { ...config.server, tls });
}
