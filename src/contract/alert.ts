/** An alert: the same shape in the database, in the API, on the command line and on the page. */
import { z } from 'zod';
import { ALERT_KIND_NAMES } from './alert-kinds.ts';

export const Severity = z.enum(['Critical', 'High', 'Medium', 'Low']);
export type Severity = z.infer<typeof Severity>;

export const AlertStatus = z.enum(['open', 'acknowledged', 'resolved', 'false_positive']);
export type AlertStatus = z.infer<typeof AlertStatus>;

export const Verdict = z.enum(['ALLOW', 'ALERT', 'BLOCK', 'DECEIVE']);
export type Verdict = z.infer<typeof Verdict>;

/** What one detector or model found, with the numbers that decided it. */
export const Finding = z.object({
  detector: z.string(),
  /** s since the epoch, packet time. */
  at: z.number(),
  confidence: z.number().min(0).max(1),
  summary: z.string(),
  /** Measured values by name. */
  numbers: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  /** The limits that were crossed, by the same names. */
  thresholds: z.record(z.string(), z.number()),
});
export type Finding = z.infer<typeof Finding>;

export const Contribution = z.object({
  feature: z.string(),
  value: z.number().nullable(),
  contribution: z.number(),
});
export type Contribution = z.infer<typeof Contribution>;

/** The packets behind an alert: a filter and a time span that select them from the capture or the store. */
export const PacketReference = z.object({
  sensor_id: z.string(),
  first: z.number(),
  last: z.number(),
  src_ip: z.string().nullable(),
  dst_ip: z.string().nullable(),
  dst_port: z.number().int().nullable(),
  protocol: z.string().nullable(),
});
export type PacketReference = z.infer<typeof PacketReference>;

/** Times are s since the epoch with µs, packet time but for `created_at` and `resolved_at` (ISO 8601). */
export const Alert = z.object({
  id: z.string(),
  alert_type: z.enum(ALERT_KIND_NAMES),
  severity: Severity,
  source_ip: z.string().nullable(),
  destination_ip: z.string().nullable(),
  destination_port: z.number().int().nullable(),
  protocol: z.string().nullable(),
  confidence: z.number().min(0).max(1),
  description: z.string(),
  first_seen: z.number(),
  last_seen: z.number(),
  detected_at: z.number(),
  created_at: z.iso.datetime().nullable(),
  packet_count: z.number().int(),
  byte_count: z.number().int(),
  flow_count: z.number().int(),
  window_size: z.number().int().nullable(),
  sensor_id: z.string(),
  mitre: z.array(z.string()),
  evidence: z.array(Finding),
  explanation: z.array(Contribution),
  model: z.object({ name: z.string(), version: z.string(), hash: z.string() }).nullable(),
  decision: Verdict,
  status: AlertStatus,
  resolved_at: z.iso.datetime().nullable(),
  packets: z.array(PacketReference),
});
export type Alert = z.infer<typeof Alert>;
