/** Shapes of the `/api/v1` routes and the live stream, shared by server, CLI and dashboard. Timestamps as in each record. */
import { z } from 'zod';
import { Alert, Verdict } from './alert.ts';
import { AlertFilter } from './alert-filter.ts';
import { ALERT_KIND_NAMES } from './alert-kinds.ts';
import { Decision } from './decision.ts';
import { LureEvent, LureService } from './lure.ts';

export const Role = z.enum(['viewer', 'analyst', 'admin', 'sensor']);
export type Role = z.infer<typeof Role>;

const IpAddress = z.union([z.ipv4(), z.ipv6()]);
const Limit = z.coerce.number().int().min(1).max(1000).default(50);

// POST /api/v1/session {username, password} sets the cookie; GET says who one is; DELETE signs out.
export const Credentials = z.strictObject({
  username: z.string().min(1).max(128),
  password: z.string().min(1).max(1024),
});
export type Credentials = z.infer<typeof Credentials>;
export const Session = z.object({ username: z.string(), role: Role, expires_at: z.iso.datetime() });
export type Session = z.infer<typeof Session>;

// PUT /api/v1/session/password
export const PasswordChange = z.strictObject({
  current: z.string().min(1).max(1024),
  next: z.string().min(12).max(1024),
});

/** RFC 9457. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  instance: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
});
export type Problem = z.infer<typeof Problem>;

// GET /api/v1/overview?minutes=60
export const OverviewQuery = z.object({
  minutes: z.coerce.number().int().min(1).max(10_080).default(60),
});
export const Overview = z.object({
  total_packets: z.number(),
  malicious_packets: z.number(),
  total_bytes: z.number(),
  flows: z.number(),
  open_alerts: z.number(),
  active_blocks: z.number(),
  simulated_blocks: z.number(),
  lure_sessions: z.number(),
  /** Oldest first; `at` is the start of the bucket, ISO 8601. */
  traffic: z.array(
    z.object({
      at: z.iso.datetime(),
      packets: z.number(),
      malicious: z.number(),
      bytes: z.number(),
    }),
  ),
  alert_types: z.array(z.object({ alert_type: z.enum(ALERT_KIND_NAMES), count: z.number() })),
  top_sources: z.array(
    z.object({
      ip: z.string(),
      packets: z.number(),
      malicious: z.number(),
      country: z.string().nullable(),
    }),
  ),
  protocols: z.array(z.object({ protocol: z.string(), packets: z.number() })),
});
export type Overview = z.infer<typeof Overview>;

// GET /api/v1/alerts, newest last_seen first; GET /api/v1/alerts/{id}; PATCH /api/v1/alerts/{id}
export const AlertQuery = AlertFilter.extend({
  /** The cursor `next` of the page before. */
  before: z.string().max(64).optional(),
  limit: Limit,
});
export type AlertQuery = z.infer<typeof AlertQuery>;
export const AlertPage = z.object({ alerts: z.array(Alert), next: z.string().nullable() });
export type AlertPage = z.infer<typeof AlertPage>;

// GET /api/v1/packets, newest first
export const PacketQuery = z.object({
  src_ip: IpAddress.optional(),
  dst_ip: IpAddress.optional(),
  protocol: z.enum(['TCP', 'UDP', 'ICMP', 'ICMPv6', 'ARP', 'OTHER']).optional(),
  attack_type: z.enum(ALERT_KIND_NAMES).optional(),
  malicious: z.stringbool().optional(),
  before: z.string().max(64).optional(),
  limit: Limit,
});
export type PacketQuery = z.infer<typeof PacketQuery>;
export const PacketSummary = z.object({
  id: z.string(),
  timestamp: z.number(),
  src_ip: z.string().nullable(),
  dst_ip: z.string().nullable(),
  src_port: z.number().nullable(),
  dst_port: z.number().nullable(),
  protocol: z.string(),
  length: z.number(),
  tcp_flags: z.string().nullable(),
  /** One line of what the payload was: DNS name, request line, SNI. */
  info: z.string().nullable(),
  sensor_id: z.string(),
  is_malicious: z.boolean().nullable(),
  threat_score: z.number().nullable(),
  threat_level: z.string().nullable(),
  attack_type: z.string().nullable(),
  decision: Verdict.nullable(),
  country: z.string().nullable(),
});
export type PacketSummary = z.infer<typeof PacketSummary>;
export const PacketPage = z.object({
  packets: z.array(PacketSummary),
  next: z.string().nullable(),
});
export type PacketPage = z.infer<typeof PacketPage>;

// GET /api/v1/flows, newest first
export const FlowQuery = z.object({
  src_ip: IpAddress.optional(),
  dest_ip: IpAddress.optional(),
  service: z.string().max(32).optional(),
  conn_state: z.string().max(8).optional(),
  before: z.string().max(64).optional(),
  limit: Limit,
});
export type FlowQuery = z.infer<typeof FlowQuery>;
export const FlowSummary = z.object({
  id_num: z.string(),
  first_seen: z.number(),
  last_seen: z.number(),
  src_ip: z.string(),
  dest_ip: z.string(),
  src_port: z.number().nullable(),
  dest_port: z.number().nullable(),
  protocol: z.string(),
  service: z.string().nullable(),
  conn_state: z.string(),
  history: z.string(),
  duration: z.number(),
  packet_count: z.number(),
  byte_count: z.number(),
  byte_count_fwd: z.number(),
  byte_count_bwd: z.number(),
  tls_sni: z.string().nullable(),
  country: z.string().nullable(),
  predicted_label: z.string().nullable(),
  confidence: z.number().nullable(),
  threat_score: z.number().nullable(),
  community_id: z.string().nullable(),
});
export type FlowSummary = z.infer<typeof FlowSummary>;
export const FlowPage = z.object({ flows: z.array(FlowSummary), next: z.string().nullable() });
export type FlowPage = z.infer<typeof FlowPage>;

// GET /api/v1/lures/sessions, newest first; GET /api/v1/lures/sessions/{id}
export const LureQuery = z.object({
  service: LureService.optional(),
  source_ip: IpAddress.optional(),
  before: z.string().max(64).optional(),
  limit: Limit,
});
export type LureQuery = z.infer<typeof LureQuery>;
export const LureSession = z.object({
  session_id: z.string(),
  service: LureService,
  source_ip: z.string(),
  country: z.string().nullable(),
  started_at: z.iso.datetime(),
  last_at: z.iso.datetime(),
  logins: z.number(),
  commands: z.number(),
  uploads: z.number(),
});
export type LureSession = z.infer<typeof LureSession>;
export const LureSessionPage = z.object({
  sessions: z.array(LureSession),
  next: z.string().nullable(),
});
export type LureSessionPage = z.infer<typeof LureSessionPage>;
export const LureSessionDetail = z.object({ session: LureSession, events: z.array(LureEvent) });
export type LureSessionDetail = z.infer<typeof LureSessionDetail>;

// GET /api/v1/decisions; POST (block by hand); DELETE /api/v1/decisions/{id} (unblock)
export const DecisionQuery = z.object({
  state: Decision.shape.state.optional(),
  before: z.string().max(64).optional(),
  limit: Limit,
});
export type DecisionQuery = z.infer<typeof DecisionQuery>;
export const DecisionPage = z.object({ decisions: z.array(Decision), next: z.string().nullable() });
export type DecisionPage = z.infer<typeof DecisionPage>;
export const BlockOrder = z.strictObject({
  ip: IpAddress,
  /** Seconds; absent: the policy's default. */
  duration_s: z.number().int().min(1).max(31_536_000).optional(),
  reason: z.string().max(500).optional(),
});
export type BlockOrder = z.infer<typeof BlockOrder>;

// GET and PUT /api/v1/policy
export const Policy = z.strictObject({
  /** False: every decision is simulated. */
  armed: z.boolean(),
  alert_threshold: z.number().min(0).max(1),
  block_threshold: z.number().min(0).max(1),
  block_seconds: z.number().int().min(1).max(31_536_000),
});
export type Policy = z.infer<typeof Policy>;

// GET, POST /api/v1/protected; DELETE /api/v1/protected/{cidr}
export const ProtectedNetwork = z.object({
  cidr: z.string(),
  reason: z.string(),
  /** False: found by the system itself (own address, gateway, resolver) and not removable. */
  removable: z.boolean(),
});
export type ProtectedNetwork = z.infer<typeof ProtectedNetwork>;
export const ProtectedList = z.object({ networks: z.array(ProtectedNetwork) });
export const ProtectOrder = z.strictObject({
  cidr: z.union([z.cidrv4(), z.cidrv6(), IpAddress]),
  reason: z.string().min(1).max(200),
});

// GET /api/v1/sensors
export const SensorStatus = z.object({
  sensor_id: z.string(),
  last_seen: z.iso.datetime(),
  batches: z.number(),
  packets: z.number(),
  kernel_drops: z.number(),
  late_packets: z.number(),
  /** Behind others, and counted all the same. */
  out_of_order_packets: z.number(),
  /** Given up by the sensor before they could be delivered. */
  lost_packets: z.number(),
  /** The sensor's clock minus the server's; null: it has not delivered since the server began. */
  clock_skew_s: z.number().nullable(),
});
export const SensorList = z.object({ sensors: z.array(SensorStatus) });
export type SensorList = z.infer<typeof SensorList>;

// GET /api/v1/quarantine: what was acknowledged and can never be stored
export const QuarantinedBatch = z.object({
  id: z.number().int(),
  quarantined_at: z.iso.datetime(),
  /** Null: its bytes do not say. */
  sensor_id: z.string().nullable(),
  epoch: z.string().nullable(),
  sequence: z.number().int().nullable(),
  packets: z.number().int().nullable(),
  reason: z.string(),
  /** Of the batch, where it is kept. */
  bytes: z.number().int().nullable(),
});
export type QuarantinedBatch = z.infer<typeof QuarantinedBatch>;
/** Newest first, 1,000 at most. */
export const Quarantine = z.object({ batches: z.array(QuarantinedBatch) });

// GET /api/v1/storage
export const StorageOutlook = z.object({
  /** Of the whole database; `max_bytes` is the budget. */
  bytes: z.number(),
  max_bytes: z.number(),
  bytes_per_day: z.number(),
  /** Where the limits in days alone would leave it, at this rate. */
  settles_at_bytes: z.number(),
  /** Until the budget is reached and the oldest goes early; null: never, at this rate. */
  days_until_full: z.number().nullable(),
  /** That the budget has room for, at this rate; at most what is configured. */
  packet_hours_within_budget: z.number(),
  tiers: z.array(
    z.object({
      tier: z.enum(['packets', 'flows', 'windows_5s', 'windows_30s', 'windows_180s']),
      bytes: z.number(),
      bytes_per_day: z.number(),
      keep_days: z.number(),
    }),
  ),
  /** Packets kept longer as evidence of open alerts. */
  pinned_bytes: z.number(),
  /** Expired partitions that could not be archived yet. */
  waiting_for_archive: z.number().int(),
});
export type StorageOutlook = z.infer<typeof StorageOutlook>;

// GET, POST /api/v1/keys; DELETE /api/v1/keys/{id}
export const ApiKey = z.object({
  id: z.string(),
  name: z.string(),
  role: Role,
  created_at: z.iso.datetime(),
  last_used_at: z.iso.datetime().nullable(),
});
export type ApiKey = z.infer<typeof ApiKey>;
export const ApiKeyList = z.object({ keys: z.array(ApiKey) });
export const ApiKeyOrder = z.strictObject({ name: z.string().min(1).max(64), role: Role });
export type ApiKeyOrder = z.infer<typeof ApiKeyOrder>;
/** `secret` is shown this once. */
export const ApiKeyCreated = z.object({ key: ApiKey, secret: z.string() });

// GET /health: public, and says no more than this
export const Health = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  model_loaded: z.boolean(),
  timestamp: z.iso.datetime(),
  version: z.string(),
  database: z.enum(['ok', 'down']),
  capture: z.enum(['running', 'off', 'not_permitted']),
  enforcer: z.enum(['armed', 'simulated', 'unavailable']),
  /** One line per thing that is not as it should be. */
  reasons: z.array(z.string()),
});
export type Health = z.infer<typeof Health>;

// GET /api/v1/events: server-sent events; `event` is the type, `data` the JSON, `id` grows and may be sent as Last-Event-ID.
// An event `gap` besides these types says that some since that id are gone: load the pages anew. ?last_event_id= does as the header.
export const LiveEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('alert'), data: Alert }),
  z.object({ type: z.literal('decision'), data: Decision }),
  z.object({ type: z.literal('lure'), data: LureEvent }),
  z.object({
    type: z.literal('traffic'),
    data: z.object({
      at: z.iso.datetime(),
      packets: z.number(),
      malicious: z.number(),
      bytes: z.number(),
    }),
  }),
]);
export type LiveEvent = z.infer<typeof LiveEvent>;
