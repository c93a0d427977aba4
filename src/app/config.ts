/**
 * The configuration: YAML, checked strictly, every key with its default. An unknown key is an error that
 * names it. `config.example.yaml` shows all of them; a test keeps the two alike.
 */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseFilter } from '../capture/filter/parse-filter.ts';
import { CAPTURE_METHODS, MAX_WORKERS } from '../contract/capture.ts';
import { DETECTION_DEFAULTS, type DetectionLimits } from '../core/detection/detection-limits.ts';
import { FALSE_ALARMS_PER_DAY } from '../core/engine/false-alarms.ts';
import { AppError, fileTrouble } from '../errors.ts';
import { HttpConfig } from '../http/config.ts';
import {
  DEFAULT_EVIDENCE_BYTES,
  MAX_SNAP_BYTES,
  MIN_EVIDENCE_BYTES,
} from '../sensor/evidence/evidence-ring.ts';
import type { EvidenceSettings } from '../sensor/evidence/ring-folders.ts';
import { DEFAULT_RETENTION, type RetentionLimits } from '../store/retention.ts';

const Port = z.number().int().min(1).max(65_535);
const LurePort = Port.nullable();

export const Config = z.strictObject({
  data_dir: z.string().min(1).default('data'),
  server: HttpConfig.prefault({}),
  database: z
    .strictObject({
      url: z.string().nullable().default(null),
      shards: z.array(z.string().min(1)).max(15).default([]),
    })
    .superRefine(checkShards)
    .prefault({}),
  stream: z
    .strictObject({
      servers: z
        .array(z.string().regex(/^(nats|tls):\/\//, 'Expected nats:// or tls://'))
        .default([]),
      name: z
        .string()
        .regex(/^[A-Za-z0-9_]{1,32}$/)
        .default('phantomnet'),
      replicas: z.number().int().min(1).max(5).default(3),
      partition_bytes: z
        .number()
        .int()
        .min(64 * 2 ** 20)
        .default(2 ** 30),
      ca_file: z.string().nullable().default(null),
    })
    .prefault({}),
  worker: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1'),
      metrics_port: Port.nullable().default(null),
    })
    .prefault({}),
  capture: z
    .strictObject({
      enabled: z.boolean().default(true),
      interfaces: z.array(z.string()).default(['any']),
      promiscuous: z.boolean().default(false),
      filter: z.string().superRefine(checkFilter).nullable().default(null),
      workers: z.number().int().min(1).max(MAX_WORKERS).default(1),
      method: z.enum(CAPTURE_METHODS).default('auto'),
    })
    .prefault({}),
  lures: z
    .strictObject({
      enabled: z.boolean().default(true),
      host: z.string().default('0.0.0.0'),
      ssh_port: LurePort.default(2222),
      http_port: LurePort.default(8080),
      ftp_port: LurePort.default(2121),
    })
    .prefault({}),
  enforcer: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
  model: z
    .strictObject({
      path: z.string().nullable().default(null),
      false_alarms_per_day: z.number().positive().default(FALSE_ALARMS_PER_DAY),
    })
    .prefault({}),
  sensor: z
    .strictObject({
      id: z.string().min(1).max(64).default('local'),
      spool_bytes: z
        .number()
        .int()
        .positive()
        .default(256 * 2 ** 20),
    })
    .prefault({}),
  evidence: z
    .strictObject({
      enabled: z.boolean().default(true),
      max_bytes: z.number().int().min(MIN_EVIDENCE_BYTES).default(DEFAULT_EVIDENCE_BYTES),
      snap_bytes: z.number().int().min(64).max(MAX_SNAP_BYTES).default(MAX_SNAP_BYTES),
    })
    .prefault({}),
  retention: z
    .strictObject({
      max_bytes: z.number().int().positive().default(DEFAULT_RETENTION.maxBytes),
      packet_hours: z.number().positive().default(DEFAULT_RETENTION.packetHours),
      flow_days: z.number().positive().default(DEFAULT_RETENTION.flowDays),
      window_days: z.number().positive().default(DEFAULT_RETENTION.windowDays),
      window_days_30s: z.number().positive().default(DEFAULT_RETENTION.windowDays30s),
      window_days_180s: z.number().positive().default(DEFAULT_RETENTION.windowDays180s),
      alert_days: z.number().positive().default(DEFAULT_RETENTION.alertDays),
      pinned_bytes: z.number().int().nonnegative().default(DEFAULT_RETENTION.pinnedBytes),
    })
    .prefault({}),
  archive: z
    .strictObject({
      dir: z.string().min(1).nullable().default(null),
      s3: z
        .strictObject({
          endpoint: z
            .string()
            .regex(/^https?:\/\/[^/?#@]+\/?$/, 'Expected https://HOST or http://HOST')
            .nullable()
            .default(null),
          bucket: z.string().min(3).nullable().default(null),
          region: z.string().min(1).default('us-east-1'),
          prefix: z
            .string()
            .regex(/^([A-Za-z0-9._-]+\/)*$/, 'Expected folders/')
            .default(''),
          path_style: z.boolean().default(true),
          access_key: z.string().min(1).nullable().default(null),
          secret_key: z.string().min(1).nullable().default(null),
        })
        .prefault({}),
    })
    .prefault({}),
  resume: z
    .strictObject({
      snapshot_s: z.number().positive().default(30),
      journal_bytes: z
        .number()
        .int()
        .positive()
        .default(64 * 2 ** 20),
    })
    .prefault({}),
  detection: detectionSchema(),
});
export type Config = z.infer<typeof Config>;

/**
 * Reads `path`, or takes the defaults where it is null. Relative folders are below the working folder.
 * @throws AppError `config_invalid`: one line naming the file and the key.
 */
export function readConfig(path: string | null): Config {
  const config = check(path === null ? {} : readYaml(path), path ?? 'the defaults');
  const { dir } = config.archive;
  return {
    ...config,
    data_dir: resolve(config.data_dir),
    archive: { ...config.archive, dir: dir === null ? null : resolve(dir) },
  };
}

/** What is kept of the packets on this machine; undefined: nothing. */
export function evidenceSettings({ evidence, ...config }: Config): EvidenceSettings | undefined {
  if (!evidence.enabled) return undefined;
  const { max_bytes: maxBytes, snap_bytes: snapBytes } = evidence;
  return { dir: join(config.data_dir, 'evidence'), maxBytes, snapBytes };
}

/** Of the sensor on this machine. */
export function spoolFolder(config: Config): string {
  return join(config.data_dir, 'spool');
}

export function retentionLimits({ retention }: Config): RetentionLimits {
  return {
    maxBytes: retention.max_bytes,
    packetHours: retention.packet_hours,
    flowDays: retention.flow_days,
    windowDays: retention.window_days,
    windowDays30s: retention.window_days_30s,
    windowDays180s: retention.window_days_180s,
    alertDays: retention.alert_days,
    pinnedBytes: retention.pinned_bytes,
  };
}

/** The limits to detect with: the defaults with what the configuration changes. */
export function detectionLimits(config: Config): DetectionLimits {
  return config.detection as DetectionLimits;
}

function check(value: unknown, where: string): Config {
  const result = Config.safeParse(value ?? {});
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = issue
    ? [...issue.path, ...(issue.code === 'unrecognized_keys' ? issue.keys : [])].join('.')
    : '';
  const what = issue?.code === 'unrecognized_keys' ? 'there is no such key' : issue?.message;
  throw new AppError('config_invalid', `Cannot use ${where}: ${key ? `${key}: ` : ''}${what}`);
}

function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const [reason] = fileTrouble(error).split('\n');
    throw new AppError('config_invalid', `Cannot read ${path}: ${reason}`, { cause: error });
  }
}

function checkFilter(expression: string, context: z.RefinementCtx): void {
  try {
    parseFilter(expression);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
}

/** Swapped ones, and what is another store's, are found when they are opened. */
function checkShards(
  { url, shards }: { url: string | null; shards: readonly string[] },
  context: z.RefinementCtx,
): void {
  const issue = (message: string) =>
    context.addIssue({ code: 'custom', path: ['shards'], message });
  if (shards.length > 0 && url === null)
    issue(
      'database.url, which is shard 0, is not set: the embedded database cannot be one of many',
    );
  const all = [url, ...shards];
  if (new Set(all).size < all.length)
    issue('each database may be named once, database.url included');
}

/** One strict section per detector, its keys the detector's limits. */
function detectionSchema() {
  const sections = Object.entries(DETECTION_DEFAULTS).map(([name, limits]) => {
    const keys = Object.entries(limits).map(([key, value]) => [
      key,
      z.number().nonnegative().default(value),
    ]);
    return [name, z.strictObject(Object.fromEntries(keys)).prefault({})];
  });
  return z.strictObject(Object.fromEntries(sections)).prefault({});
}
