/**
 * `phantomnet server`: the front end. Sensors deliver here and are answered when the stream has their batch; people
 * and machines ask here. It keeps nothing, so there may be several behind one address.
 */
import type { LiveEvent } from '../contract/api.ts';
import { ownNetworks } from '../firewall/own-addresses.ts';
import { ensureAdministrator } from '../http/auth/first-run.ts';
import type { TlsFiles } from '../http/listen.ts';
import { LiveEvents } from '../http/live-events.ts';
import { createMetrics } from '../http/metrics.ts';
import { readPolicy } from '../store/policy.ts';
import { addProtected } from '../store/protected.ts';
import { copySuppressions } from '../store/shards/copy-suppressions.ts';
import { receiveEvents, sendEvents } from '../stream/live-relay.ts';
import { archiveTarget } from './archive-target.ts';
import type { Config } from './config.ts';
import { Decisions } from './decisions.ts';
import { startEnforcer } from './enforcer-child.ts';
import { readHealth } from './health.ts';
import { startHttpFront } from './http-front.ts';
import { keepStore } from './keep-store.ts';
import type { Log } from './log.ts';
import { openJudging } from './open-judging.ts';
import { every } from './periodic.ts';
import { measureShards, shardTroubles } from './shard-watch.ts';
import { openShared } from './shared-parts.ts';
import { measureStore } from './store-metrics.ts';
import { StreamWatch } from './stream-watch.ts';

const RETENTION_MS = 60_000;
const EXPIRY_MS = 5_000;
const BLOCK_MS = 1_000;
/** "keep" as a number: one of several front ends looks after the database's size. */
const RETENTION_LOCK = 0x6b656570;

export interface FrontEnd {
  readonly url: string;
  /** Set by the one that found no users. */
  readonly administrator: { username: string; password: string } | null;
  stop(): Promise<void>;
}

/** @throws AppError `config_invalid`, `database_unavailable`, `server_unavailable`, `port_taken` */
export async function startServerRole(
  config: Config,
  version: string,
  log: Log,
  tls?: TlsFiles,
): Promise<FrontEnd> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return { ...(await start(config, version, log, stops, tls)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: Config,
  version: string,
  log: Log,
  stops: (() => Promise<void>)[],
  tls: TlsFiles | undefined,
): Promise<Omit<FrontEnd, 'stop'>> {
  archiveTarget(config);
  const { db, connection, stream } = await openShared(config, 'server', log, stops);
  // Beside those of the other servers; none is removed with its server.
  for (const { cidr, reason } of await ownNetworks())
    await addProtected(db, { cidr, reason, removable: false });
  const { judging, models } = await openJudging(config, db, log);
  const enforcer = await startEnforcer({
    enabled: config.enforcer.enabled,
    dataDir: config.data_dir,
    log,
    onRestart: () => decisions.restore(),
  });
  stops.push(enforcer.stop);
  const live = new LiveEvents();
  const publish: (event: LiveEvent) => void = sendEvents(connection, config.stream.name);
  receiveEvents(connection, config.stream.name, (event) => live.publish(event));
  const metrics = createMetrics(live, { ofProcess: true });
  const watch = new StreamWatch(db, stream);
  watch.measure(metrics.registry);
  measureStore(metrics.registry, db);
  measureShards(metrics.registry, db);
  const decisions = new Decisions({
    db,
    enforcement: enforcer.enforcement,
    enforcementReason: enforcer.reason,
    log,
    onChange: (data) => publish({ type: 'decision', data }),
  });
  stops.push(() => decisions.idle());
  await decisions.restore();

  let archiveTrouble: string | null = null;
  const listener = await startHttpFront(
    config,
    { db, live, metrics, log, decisions, stream, models, judging, tls },
    () =>
      readHealth({
        db,
        version,
        isModelLoaded: judging.judge !== null,
        modelReason: judging.reason,
        enforcerReason: enforcer.reason,
        isArmed: async () => (await readPolicy(db)).armed,
        capture: () => ({ state: 'off', reason: null }),
        troubles: async () => [
          ...shardTroubles(db),
          ...(await watch.troubles()),
          ...(archiveTrouble === null ? [] : [archiveTrouble]),
        ],
      }),
  );
  stops.push(() => listener.stop());
  stops.push(async () => live.close());

  every(RETENTION_MS, stops, log, () =>
    db.transaction(async (tx) => {
      const [row] = await tx.query<{ is_mine: boolean }>(
        'SELECT pg_try_advisory_xact_lock($1) AS is_mine',
        [RETENTION_LOCK],
      );
      if (!row?.is_mine) return;
      archiveTrouble = await keepStore(db, config, log);
    }),
  );
  every(EXPIRY_MS, stops, log, async () => {
    await copySuppressions(db);
    await judging.refresh();
    await decisions.expire();
    await decisions.liftProtected();
  });
  if (enforcer.enforcement) every(BLOCK_MS, stops, log, () => decisions.carryOutPending());
  return { url: listener.url, administrator: await ensureAdministrator(db) };
}
