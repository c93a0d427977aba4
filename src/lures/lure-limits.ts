/** Every bound of the lures in one place. What happens past each stands beside it; all losses are counted. */
export interface LureLimits {
  /** Sessions at once over all sources, for each lure; past it a connection is closed at once. */
  readonly maxSessions: number;
  /** Sessions at once from one source (one IPv4 address, one IPv6 /64) over all lures; past it a connection is closed at once. */
  readonly maxSessionsPerSource: number;
  /** Nothing received for so long ends a session. */
  readonly idleMs: number;
  /** So long after its start a session ends whatever happens. */
  readonly totalMs: number;
  /** Bytes received in one session; past it the session ends. */
  readonly maxBytesIn: number;
  /** Bytes we have written that the visitor does not read; past it the session ends. */
  readonly maxUnreadBytes: number;
  /** Events of one session; past it the session ends. */
  readonly maxEventsPerSession: number;
  /** Events of one source: so many at once, and so many per second on average; past it events and new connections are dropped. */
  readonly sourceEventBurst: number;
  readonly sourceEventsPerSecond: number;
  /** Sources whose budgets are remembered; past it the one longest unheard of (and without a session) begins anew. */
  readonly maxSources: number;
  /** Bytes kept of one upload; the rest is hashed and counted only. */
  readonly maxUploadBytes: number;
  /** Bytes of uploads on disk; past it uploads are hashed and counted only. */
  readonly maxUploadsBytes: number;
}

export const LURE_LIMITS: LureLimits = {
  maxSessions: 256,
  maxSessionsPerSource: 16,
  idleMs: 60_000,
  totalMs: 600_000,
  maxBytesIn: 8 * 2 ** 20,
  maxUnreadBytes: 256 * 2 ** 10,
  maxEventsPerSession: 500,
  sourceEventBurst: 1000,
  sourceEventsPerSecond: 20,
  maxSources: 10_000,
  maxUploadBytes: 2 ** 20,
  maxUploadsBytes: 64 * 2 ** 20,
};
