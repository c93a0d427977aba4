/** One round of one fault: sensors deliver, it happens, and what is stored is compared with an undisturbed run. */
import { setTimeout as sleep } from 'node:timers/promises';
import { loadJudge } from '../../src/app/model.ts';
import { Pipeline } from '../../src/app/pipeline.ts';
import { DETECTION_DEFAULTS } from '../../src/core/detection/detection-limits.ts';
import { NeverBlockList } from '../../src/core/response/never-block.ts';
import type { Database } from '../../src/store/database.ts';
import { ingest } from '../../src/store/ingest.ts';
import { readPolicy } from '../../src/store/policy.ts';
import { listProtected } from '../../src/store/protected.ts';
import { BATCHES, type Fault, SENSORS } from './faults.ts';
import { madeBatch, sensorName } from './made-traffic.ts';
import type { Role } from './role.ts';
import type { Scene, Traffic } from './scene.ts';
import { SeededRandom } from './seeded-random.ts';
import { rowsByBatch, storedDigest } from './stored.ts';
import { until } from './until.ts';

const PACE_MS = 120;
const POLL_MS = 50;
/** What is stored at most when it happens, as a share of all. */
const LATEST = 0.6;
const REPORT = /^\{"lostRows":(\d+),"rejectedBatches":0\}$/;

export interface RoundResult {
  readonly batches: number;
  readonly captured: number;
  readonly stored: number;
  readonly dropped: number;
  /** Packets that are there more often than they were captured. */
  readonly twice: number;
  /** Everything else than packets and alerts: flows, windows, roll-ups. */
  readonly areWindowsEqual: boolean;
  readonly areAlertsEqual: boolean;
  readonly isAllEqual: boolean;
  /** Tables, and batches of sensors, that are not as in the undisturbed run: what is stored, then what was expected. */
  readonly differing: readonly string[];
  /** In which nothing was stored. */
  readonly longestPauseMs: number;
  /** What the parts of the platform said, where something differs; else nothing. */
  readonly said: string;
}

/** @param emptyDatabase runs what it is given on a migrated database without any rows */
export async function runRound(
  fault: Fault,
  seed: number,
  startScene: (traffic: Traffic) => Promise<Scene>,
  emptyDatabase: (body: (db: Database) => Promise<void>) => Promise<void>,
): Promise<RoundResult> {
  const { paceMs = PACE_MS } = fault;
  const random = new SeededRandom(seed);
  const scene = await startScene({ sensors: SENSORS, batches: BATCHES, paceMs });
  // By what is stored and not by time: on a busy machine everything would be over before it happens.
  const moment = fault.isDelivery ? 0 : random.below(LATEST * SENSORS * BATCHES);
  const roles = [...scene.servers, ...scene.workers, ...scene.sensors];
  const watch = watchProgress(scene.db);
  try {
    if (!fault.isDelivery) await Promise.all(scene.sensors.map((sensor) => sensor.start()));
    await until(async () => (await progress(scene.db)) >= moment);
    await fault.disturb(scene, random);
    await until(async () => (await lastBatches(scene.db)) === SENSORS);
    let dropped = 0;
    if (!fault.isDelivery)
      for (const sensor of scene.sensors) {
        await sensor.exited();
        dropped += lostBy(sensor.out);
      }
    const stored = { ...(await storedDigest(scene.db)), ...(await rowsByBatch(scene.db)) };
    const result = compare(stored, dropped, await undisturbed(stored, emptyDatabase), watch.end());
    return result.isAllEqual ? result : { ...result, said: saidBy(roles) };
  } catch (error) {
    throw new Error(`${fault.name}, seed ${seed}, after ${moment} batches:\n${saidBy(roles)}`, {
      cause: error,
    });
  } finally {
    watch.end();
    await scene.stop();
  }
}

type Content = Readonly<Record<string, string | number>>;

function compare(
  stored: Content,
  dropped: number,
  expected: Content,
  longestPauseMs: number,
): RoundResult {
  let twice = 0;
  let captured = 0;
  let rows = 0;
  for (const [sensor, number] of batchNumbers()) {
    const made = madeBatch(sensor, number, BATCHES).length;
    const found = Number(stored[placeOf(sensor, number)] ?? 0);
    captured += made;
    rows += found;
    twice += Math.max(0, found - made);
  }
  const isEqual = (key: string) => stored[key] === expected[key];
  const keys = [...new Set([...Object.keys(stored), ...Object.keys(expected)])];
  return {
    batches: SENSORS * BATCHES,
    captured,
    stored: rows,
    dropped,
    twice,
    areWindowsEqual: keys.every((key) => key === 'detected_alerts' || isEqual(key)),
    areAlertsEqual: isEqual('detected_alerts'),
    isAllEqual: keys.every(isEqual),
    differing: keys
      .filter((key) => !isEqual(key))
      .map((key) => `${key}: ${stored[key]}, ${expected[key]}`),
    longestPauseMs,
    said: '',
  };
}

function saidBy(roles: readonly Role[]): string {
  return roles.map((role) => role.said).join('\n---\n');
}

/** One analysis a sensor, of the batches that were stored, without anything that happens to it. */
async function undisturbed(
  stored: Content,
  emptyDatabase: (body: (db: Database) => Promise<void>) => Promise<void>,
): Promise<Content> {
  let content: Content = {};
  await emptyDatabase(async (db) => {
    const pipeline = new Pipeline({
      analysis: {
        judge: loadJudge(null).judge,
        limits: DETECTION_DEFAULTS,
        policy: await readPolicy(db),
        neverBlock: new NeverBlockList(await listProtected(db)),
      },
      store: (batch) => ingest(db, batch),
      onStored() {},
      onBlocks() {},
      onBug(error) {
        throw error;
      },
    });
    const lost = new Map<number, number>();
    for (const [sensor, sequence] of batchNumbers()) {
      const batch = madeBatch(sensor, sequence, BATCHES);
      const lostBefore = lost.get(sensor) ?? 0;
      if (batch.length > 0 && stored[placeOf(sensor, sequence)] === undefined) {
        lost.set(sensor, lostBefore + batch.length);
        continue;
      }
      lost.delete(sensor);
      const place = { sensorId: sensorName(sensor), epoch: 'e', sequence };
      await pipeline.ingest(batch, lostBefore > 0 ? { ...place, lostBefore } : place);
    }
    content = { ...(await storedDigest(db)), ...(await rowsByBatch(db)) };
  });
  return content;
}

function* batchNumbers(): Generator<[sensor: number, number: number]> {
  for (let number = 0; number < BATCHES; number++)
    for (let sensor = 0; sensor < SENSORS; sensor++) yield [sensor, number];
}

/** As `rowsByBatch` names it. */
function placeOf(sensor: number, number: number): string {
  return `${sensorName(sensor)} ${number}`;
}

/** What a sensor said when it had delivered everything; twice where it was started again after that. */
function lostBy(out: string): number {
  const lines = out.trim().split('\n');
  return lines.reduce((sum, line) => {
    const lost = REPORT.exec(line)?.[1];
    if (lost === undefined) throw new Error(`A sensor said ${out}`);
    return sum + Number(lost);
  }, 0);
}

/** Sensors whose last batch is stored. */
async function lastBatches(db: Database): Promise<number> {
  let sensors = 0;
  for (const shard of db.shards ?? [db]) {
    const [row] = await shard.query<{ sensors: number }>(
      'SELECT count(DISTINCT sensor_id) AS sensors FROM ingest_offsets WHERE sequence >= $1',
      [BATCHES - 1],
    );
    sensors += row?.sensors ?? 0;
  }
  return sensors;
}

/** Looks at how far sensors have come, and remembers the longest time without a step. */
function watchProgress(db: Database): { end(): number } {
  let isOver = false;
  let longestMs = 0;
  let last = 0;
  let sinceMs = 0;
  const watching = async () => {
    while (!isOver) {
      const reached = await progress(db).catch(() => last);
      const nowMs = performance.now();
      if (reached > last) {
        if (last > 0) longestMs = Math.max(longestMs, nowMs - sinceMs);
        last = reached;
        sinceMs = nowMs;
      }
      await sleep(POLL_MS);
    }
  };
  void watching();
  return {
    end() {
      isOver = true;
      return Math.round(longestMs);
    },
  };
}

async function progress(db: Database): Promise<number> {
  let reached = 0;
  for (const shard of db.shards ?? [db]) {
    const [row] = await shard.query<{ reached: number }>(
      'SELECT coalesce(sum(sequence + 1), 0) AS reached FROM ingest_offsets',
    );
    reached += row?.reached ?? 0;
  }
  return reached;
}
