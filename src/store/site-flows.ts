/** Conversations that belong to what a site teaches, with all that the forest of conversations looks at. */
import type { ConnState, Moments } from '../contract/flow.ts';
import type { VectorFlow } from '../core/features/flow-vector.ts';
import { parseFlagNames } from '../core/wire/tcp-flags.ts';
import type { Queryable } from './database.ts';

const MAX_FLOWS_PER_STRETCH = 500;

/** Whose conversations: of that source, to that target, or both; they began in the time between, s since the epoch. */
export interface FlowStretch {
  readonly source: string | null;
  readonly target: string | null;
  readonly from: number;
  readonly to: number;
}

export interface SiteFlow {
  readonly id: number;
  readonly source: string;
  readonly flow: VectorFlow;
}

/** The oldest first; those that an earlier version stored are not among them: it did not keep all that is needed. */
export async function flowsOf(db: Queryable, stretch: FlowStretch): Promise<SiteFlow[]> {
  const { source, target, from, to } = stretch;
  if (source === null && target === null) return [];
  const rows = await db.query<RawFlow>(
    `SELECT ${COLUMNS} FROM traffic_data
     WHERE ($1::text IS NULL OR src_ip = $1) AND ($2::text IS NULL OR dest_ip = $2)
       AND last_seen >= to_timestamp($3) AND first_seen >= to_timestamp($3) AND first_seen <= to_timestamp($4)
       AND length_mean_fwd IS NOT NULL
     ORDER BY first_seen, id_num LIMIT ${MAX_FLOWS_PER_STRETCH}`,
    [source, target, from, to],
  );
  return rows.map((row) => ({ id: row.id_num, source: row.src_ip, flow: flowFrom(row) }));
}

const SIDES = ['fwd', 'bwd'] as const;
const MOMENTS = ['mean', 'std', 'min', 'max'] as const;
const COLUMNS = [
  'id_num, src_ip, src_port, dest_port, protocol, conn_state, service, connection_attempts, is_validated',
  'handshake, retransmissions, first_payload_entropy',
  ...(['first', 'last'] as const).map(
    (which) => `(extract(epoch FROM ${which}_seen) * 1e6)::float8 AS ${which}_micros`,
  ),
  ...SIDES.flatMap((side) => [
    ...['packet_count', 'byte_count', 'payload', 'tcp_flags', 'initial_window'].map(
      (name) => `${name}_${side}`,
    ),
    ...MOMENTS.flatMap((name) => [`length_${name}_${side}`, `gap_${name}_${side}`]),
  ]),
].join(', ');

type Side = (typeof SIDES)[number];

interface RawTexts {
  readonly id_num: number;
  readonly src_ip: string;
  readonly src_port: number | null;
  readonly dest_port: number | null;
  readonly protocol: string;
  readonly conn_state: ConnState;
  readonly service: string | null;
  readonly is_validated: boolean;
  readonly handshake: number | null;
  readonly first_payload_entropy: number | null;
  readonly tcp_flags_fwd: string | null;
  readonly tcp_flags_bwd: string | null;
}

type RawFlow = RawTexts &
  Record<
    | 'connection_attempts'
    | 'retransmissions'
    | 'first_micros'
    | 'last_micros'
    | `${'packet_count' | 'byte_count' | 'payload' | 'initial_window'}_${Side}`
    | `${'length' | 'gap'}_${keyof Moments}_${Side}`,
    number
  >;

/** What was stored, as it was before: lengths and gaps to 32 bits. */
function flowFrom(row: RawFlow): VectorFlow {
  return {
    firstSeenMicros: row.first_micros,
    lastSeenMicros: row.last_micros,
    srcPort: row.src_port ?? -1,
    dstPort: row.dest_port ?? -1,
    protocol: row.protocol,
    packetsFwd: row.packet_count_fwd,
    packetsBwd: row.packet_count_bwd,
    bytesFwd: row.byte_count_fwd,
    bytesBwd: row.byte_count_bwd,
    payloadFwd: row.payload_fwd,
    payloadBwd: row.payload_bwd,
    tcpFlagsFwd: parseFlagNames(row.tcp_flags_fwd ?? ''),
    tcpFlagsBwd: parseFlagNames(row.tcp_flags_bwd ?? ''),
    connState: row.conn_state,
    service: row.service,
    connectionAttempts: row.connection_attempts,
    isValidated: row.is_validated,
    handshakeMicros: row.handshake === null ? null : Math.round(row.handshake * 1e6),
    retransmissions: row.retransmissions,
    initialWindowFwd: row.initial_window_fwd,
    initialWindowBwd: row.initial_window_bwd,
    lengthFwd: momentsFrom(row, 'length', 'fwd', 1),
    lengthBwd: momentsFrom(row, 'length', 'bwd', 1),
    gapFwd: momentsFrom(row, 'gap', 'fwd', 1000),
    gapBwd: momentsFrom(row, 'gap', 'bwd', 1000),
    firstPayloadEntropy: row.first_payload_entropy ?? Number.NaN,
  };
}

function momentsFrom(row: RawFlow, what: 'length' | 'gap', side: Side, unit: number): Moments {
  const [mean = 0, std = 0, min = 0, max = 0] = MOMENTS.map(
    (name) => row[`${what}_${name}_${side}`] * unit,
  );
  return { mean, std, min, max };
}
