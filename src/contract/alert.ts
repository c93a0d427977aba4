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

/** What a model was asked about, and in what the contributions are measured. The row's values are those of `explanation`. */
export const ExplainedRow = z.object({
  /** A conversation, or the 5 s window of a source or a target. */
  row: z.enum(['flow', 'source', 'target']),
  /** The flow's id, or the address. */
  entity: z.string(),
  /** s since the epoch: the first packet, or the window's begin. */
  start: z.number(),
  /** Of the features' names, units and meanings. */
  catalogue_hash: z.string(),
  /** The class whose output is told apart; of an isolation forest `Anomaly`. */
  class_name: z.string(),
  /** Exact Shapley values, or what each cut did to the length of the path, which are none. */
  method: z.enum(['tree_shap', 'path_length']),
  /** Of contributions and baseline: together they are the output. */
  unit: z.enum(['probability', 'margin', 'log2_score']),
  baseline: z.number(),
});
export type ExplainedRow = z.infer<typeof ExplainedRow>;

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

/**
 * Times are s since the epoch with µs, packet time but for `created_at` and `resolved_at` (ISO 8601). What people
 * and suppressions add (`assignee`, `suppressed_by`) is absent from what the analysis makes.
 */
export const Alert = z.object({
  id: z.string(),
  alert_type: z.enum(ALERT_KIND_NAMES),
  severity: Severity,
  source_ip: z.string().nullable(),
  destination_ip: z.string().nullable(),
  destination_port: z.number().int().nullable(),
  protocol: z.string().nullable(),
  confidence: z.number().min(0).max(1),
  /** What of the confidence completed handshakes prove: only this can block. Absent or null: not known. */
  proven_confidence: z.number().min(0).max(1).nullable().optional(),
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
  /** Every feature of the explained row, the largest contribution first. */
  explanation: z.array(Contribution),
  model: z
    .object({
      name: z.string(),
      version: z.string(),
      hash: z.string(),
      /** Absent in alerts of before there was such a thing. */
      explained: ExplainedRow.optional(),
    })
    .nullable(),
  decision: Verdict,
  status: AlertStatus,
  resolved_at: z.iso.datetime().nullable(),
  packets: z.array(PacketReference),
  assignee: z.string().nullable().optional(),
  /** The suppression that hides it now; null: none. */
  suppressed_by: z.string().nullable().optional(),
});
export type Alert = z.infer<typeof Alert>;
