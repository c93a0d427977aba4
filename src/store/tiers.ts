/** The partitioned tables, in the order in which retention gives them up. */
export interface Tier {
  readonly name: 'packets' | 'flows' | 'windows_5s' | 'windows_30s' | 'windows_180s';
  readonly parent: string;
  /** What queries read: the table, or the view that shows its rows. */
  readonly shown: string;
  /** Span of a partition. */
  readonly seconds: number;
  /** Most partitions, the default one not counted: fewer than 200 a table keep planning short. */
  readonly limit: number;
  /** Times far from now (replayed captures, broken clocks) make no further partition above this many. */
  readonly farLimit: number;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

export const TIERS = {
  packets: {
    name: 'packets',
    parent: 'packets',
    shown: 'raw_packets',
    seconds: HOUR,
    limit: 190,
    farLimit: 120,
  },
  flows: {
    name: 'flows',
    parent: 'traffic_data',
    shown: 'traffic_data',
    seconds: DAY,
    limit: 120,
    farLimit: 60,
  },
  windows_5s: {
    name: 'windows_5s',
    parent: 'features_5s',
    shown: 'features_5s',
    seconds: DAY,
    limit: 60,
    farLimit: 30,
  },
  windows_30s: {
    name: 'windows_30s',
    parent: 'features_30s',
    shown: 'features_30s',
    seconds: DAY,
    limit: 60,
    farLimit: 30,
  },
  windows_180s: {
    name: 'windows_180s',
    parent: 'features_180s',
    shown: 'features_180s',
    seconds: 7 * DAY,
    limit: 60,
    farLimit: 30,
  },
} as const satisfies Record<Tier['name'], Tier>;

export const WINDOW_TIERS = {
  5: TIERS.windows_5s,
  30: TIERS.windows_30s,
  180: TIERS.windows_180s,
} as const;
