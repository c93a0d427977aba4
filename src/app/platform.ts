/**
 * The whole platform in one process, wired by hand: database, analysis, response, server. What captures
 * and what lures is started beside it by `up`. Everything started here is stopped in reverse.
 */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { LiveEvent } from '../contract/api.ts';
import { DEMO_SENSOR } from '../contract/demo-sensor.ts';
import type { LureEvent } from '../contract/lure.ts';
import { NeverBlockList } from '../core/response/never-block.ts';
import { AppError } from '../errors.ts';
import { ownNetworks } from '../firewall/own-addresses.ts';
import { ensureAdministrator } from '../http/auth/first-run.ts';
import { hashSecret, randomApiKey } from '../http/auth/secret.ts';
import { LiveEvents } from '../http/live-events.ts';
import { createMetrics } from '../http/metrics.ts';
import type { SensorStats } from '../sensor/sensor.ts';
import { createApiKey, deleteApiKey, listApiKeys } from '../store/api-keys.ts';
import type { Database } from '../store/database.ts';
import { makeFolders } from '../store/embedded/make-folders.ts';
import { claimOwnership, releaseOwnership } from '../store/embedded/owner.ts';
import { committedPlaces, ingestTogether } from '../store/ingest.ts';
import { replaceOwnNetworks } from '../store/own-networks.ts';
import { readPolicy } from '../store/policy.ts';
import { listProtected } from '../store/protected.ts';
import { BatchQueue } from '../stream/batch-queue.ts';
import { AlertAnnouncer } from './alert-announcer.ts';
import { archiveTarget } from './archive-target.ts';
import { type Config, detectionLimits, evidenceSettings, spoolFolder } from './config.ts';
import { measureDecisions } from './decision-metrics.ts';
import { Decisions } from './decisions.ts';
import { DiskWatch } from './disk-watch.ts';
import { startEnforcer } from './enforcer-child.ts';
import { GroupCommit } from './group-commit.ts';
import { readHealth } from './health.ts';
import { startHttpFront } from './http-front.ts';
import { measureJudging } from './judging-metrics.ts';
import { keepStore } from './keep-store.ts';
import type { Log } from './log.ts';
import { LureIntake } from './lure-intake.ts';
import { openJudging } from './open-judging.ts';
import { openStore } from './open-store.ts';
import { measurePackets } from './packet-metrics.ts';
import { every } from './periodic.ts';
import { Pipeline } from './pipeline.ts';
import { measureKeeping } from './resume/keeping-metrics.ts';
import { StateKeeper } from './resume/state-keeper.ts';
import { measureSensor } from './sensor-metrics.ts';
import { measureStore } from './store-metrics.ts';
import { TrafficTicker } from './traffic-ticker.ts';
import { runWorker } from './worker.ts';

const RETENTION_MS = 60_000;
const EXPIRY_MS = 5_000;
const JUDGING_MS = 60_000;
const DISKS_MS = 1_000;

export interface Platform {
  readonly url: string;
  /** A new API key for a part of this machine; the one it had before under that name stops working. */
  makeKey(name: string, role: 'sensor' | 'admin'): Promise<string>;
  readonly db: Database;
  /** Set on the first run only. */
  readonly administrator: { username: string; password: string } | null;
  readonly isFirstRun: boolean;
  readonly isModelLoaded: boolean;
  /** Why blocks cannot be carried out; null: they can. */
  readonly enforcerReason: string | null;
  takeLureEvent(event: LureEvent): void;
  /** What `/health` says of live capture: read anew each time it is asked. */
  setCapture(capture: {
    readonly state: 'running' | 'off' | 'not_permitted';
    readonly reason: string | null;
    /** Null: nothing is captured here. */
    readonly stats: SensorStats | null;
  }): void;
  setTrouble(what: string, reason: string | null): void;
  stop(): Promise<void>;
}

/** @throws AppError `config_invalid`, `database_unavailable`, `port_taken`: one line that names what is wrong. */
export async function startPlatform(config: Config, version: string, log: Log): Promise<Platform> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    return await start(config, version, log, stops, stop);
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
  stop: () => Promise<void>,
): Promise<Platform> {
  if (config.database.shards.length > 0)
    throw new AppError(
      'config_invalid',
      'Cannot run everything in one process: database.shards is set, and several databases need "server" and "worker"',
    );
  // What is wrong with it is said now and not with the first partition that expires.
  archiveTarget(config);
  await makeDataDir(config.data_dir);
  await holdDataDir(config.data_dir, stops);
  const troubles = new Map<string, string>();
  const setTrouble = (what: string, reason: string | null) => {
    if (reason === null) troubles.delete(what);
    else troubles.set(what, reason);
  };
  const disks = DiskWatch.ofDataDir(
    {
      database: config.database.url === null ? join(config.data_dir, 'postgres') : null,
      spool: spoolFolder(config),
      analysis: join(config.data_dir, 'analysis'),
      evidence: evidenceSettings(config)?.dir ?? null,
    },
    log,
  );
  await disks.look();
  every(DISKS_MS, stops, log, () => disks.look());
  const db = await openStore(config, log, stops, (reason) => setTrouble('database', reason));
  const { judging, models } = await openJudging(config, db, log);
  const limits = detectionLimits(config);
  await replaceOwnNetworks(db, await ownNetworks());

  const enforcer = await startEnforcer({
    enabled: config.enforcer.enabled,
    dataDir: config.data_dir,
    log,
    onRestart: () => decisions.restore(),
  });
  stops.push(enforcer.stop);

  const live = new LiveEvents();
  const publish = (event: LiveEvent) => live.publish(event);
  const metrics = createMetrics(live, { ofProcess: true });
  const decisions = new Decisions({
    db,
    enforcement: enforcer.enforcement,
    enforcementReason: enforcer.reason,
    log,
    onChange: (data) => publish({ type: 'decision', data }),
  });
  stops.push(() => decisions.idle());
  await decisions.restore();

  const announcer = new AlertAnnouncer({
    db,
    log,
    tell: (data) => publish({ type: 'alert', data }),
  });
  stops.push(() => announcer.idle());
  const ticker = new TrafficTicker((data) => publish({ type: 'traffic', data }));
  stops.push(async () => ticker.stop());
  // As workers do: also what a person has listed.
  const neverBlock = new NeverBlockList(await listProtected(db));
  const policy = await readPolicy(db);
  const keeper = new StateKeeper({
    dir: join(config.data_dir, 'analysis'),
    snapshotMs: config.resume.snapshot_s * 1000,
    journalBytes: config.resume.journal_bytes,
    committed: (sensorId) => committedPlaces(db, sensorId),
    log,
    onTrouble: (reason) =>
      setTrouble('resume', reason && `the analysis would not survive a restart: ${reason}`),
  });
  measureKeeping(metrics.registry, keeper);
  measureDecisions(metrics.registry, decisions);
  measureJudging(metrics.registry, judging);
  disks.measure(metrics.registry);
  measureStore(metrics.registry, db);
  const countPackets = measurePackets(metrics.registry);
  const together = new GroupCommit((batches) => ingestTogether(db, batches));
  const pipeline = new Pipeline({
    analysis: { judge: judging.judge, limits, policy, neverBlock },
    async store(batch) {
      await disks.requireRoomForPackets();
      return together.store(batch);
    },
    onStored(batch) {
      ticker.add(batch);
      judging.observe(batch);
      countPackets(batch);
      announcer.announce(batch.alerts);
    },
    onBlocks: (blocks, sensorId) =>
      Promise.all(blocks.map((block) => decisions.blockFor(block, sensorId !== DEMO_SENSOR))),
    onRecalledBlocks: (blocks, sensorId) =>
      Promise.all(blocks.map((block) => decisions.blockOnce(block, sensorId !== DEMO_SENSOR))),
    onBug: (error, place) => log.error({ err: error, ...place }, 'a batch met a bug'),
    keeper,
  });
  judging.onChange((judge) => pipeline.judgeWith(judge));
  const queue = new BatchQueue();
  const working = runWorker(queue, (batch, place, encoded) =>
    pipeline.ingest(batch, place, encoded),
  );
  stops.push(async () => {
    queue.close();
    await working;
    await pipeline.close();
  });

  let capture: Parameters<Platform['setCapture']>[0] = {
    state: 'off',
    reason: null,
    stats: null,
  };
  measureSensor(metrics.registry, () => capture.stats);
  const listener = await startHttpFront(
    config,
    { db, live, metrics, log, decisions, stream: queue, models, judging },
    () =>
      readHealth({
        db,
        version,
        isModelLoaded: judging.judge !== null,
        modelReason: judging.reason,
        enforcerReason: enforcer.reason,
        isArmed: async () => (await readPolicy(db)).armed,
        capture: () => capture,
        troubles: () => [...disks.troubles(), ...troubles.values()],
      }),
  );
  stops.push(() => listener.stop());
  // Before it: the server waits for open answers, and a live stream would never end.
  stops.push(async () => live.close());

  every(RETENTION_MS, stops, log, async () =>
    setTrouble('archive', await keepStore(db, config, log)),
  );
  every(JUDGING_MS, stops, log, () => judging.save());
  stops.push(() => judging.save());
  every(EXPIRY_MS, stops, log, async () => {
    // What a person has changed meanwhile is in force for what comes.
    Object.assign(policy, await readPolicy(db));
    await judging.refresh();
    await decisions.expire();
    await decisions.liftProtected();
  });

  const lures = await LureIntake.open({
    db,
    sensorId: config.sensor.id,
    policy,
    isProtected: (ip) => neverBlock.isProtected(ip),
    publish,
    announce: (alert) => announcer.announce([alert]),
    block: (request) => decisions.blockFor(request),
    log,
  });
  stops.push(() => lures.stop());
  // Last: had the start failed after it, nobody would have read the password.
  const administrator = await ensureAdministrator(db);
  return {
    url: listener.url,
    makeKey: (name, role) => makeKey(db, name, role),
    db,
    administrator,
    isFirstRun: administrator !== null,
    isModelLoaded: judging.judge !== null,
    enforcerReason: enforcer.reason,
    takeLureEvent: (event) => lures.take(event),
    setCapture(next) {
      capture = next;
    },
    setTrouble,
    stop,
  };
}

/** A sensor's key bears its name: with it, it may ship for itself only. */
async function makeKey(db: Database, name: string, role: 'sensor' | 'admin'): Promise<string> {
  for (const key of await listApiKeys(db))
    if (key.name === name && key.role === role) await deleteApiKey(db, key.id);
  const secret = randomApiKey();
  await createApiKey(db, { name, role, secretHash: hashSecret(secret) });
  return secret;
}

/** @throws AppError `config_invalid` naming the folder */
async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await makeFolders(dataDir, 0o755);
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new AppError(
      'config_invalid',
      `Cannot use data_dir ${dataDir}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

/** Two on one folder would take each other's keys and spools. @throws AppError `conflict` */
async function holdDataDir(dataDir: string, stops: (() => Promise<void>)[]): Promise<void> {
  if (!(await claimOwnership(dataDir)))
    throw new AppError(
      'conflict',
      `Cannot use data_dir ${dataDir}: another PhantomNet runs on it; stop that one, or give --data-dir another folder`,
    );
  stops.push(() => releaseOwnership(dataDir));
}
