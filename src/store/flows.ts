/** Flows as people read them. */
import type { FlowPage, FlowQuery, FlowSummary } from '../contract/api.ts';
import { decodeCursor } from './cursor.ts';
import type { Queryable } from './database.ts';
import { newestRows } from './newest-rows.ts';
import { TIERS } from './tiers.ts';

type Row = Omit<FlowSummary, 'id_num'> & { id_num: number; micros: number };

const COLUMNS = `id_num, extract(epoch FROM first_seen)::float8 AS first_seen,
  extract(epoch FROM last_seen)::float8 AS last_seen, src_ip, dest_ip, src_port, dest_port, protocol,
  service, conn_state, history, duration, packet_count, byte_count, byte_count_fwd, byte_count_bwd,
  tls_sni, country, predicted_label, confidence, threat_score, community_id,
  (extract(epoch FROM last_seen) * 1000000)::int8 AS micros`;

/** One page, newest `last_seen` first. @throws AppError `invalid_request` for a cursor that is not ours. */
export async function listFlows(db: Queryable, query: FlowQuery): Promise<FlowPage> {
  const { rows, next } = await newestRows<Row>(
    db,
    {
      tier: TIERS.flows,
      columns: COLUMNS,
      time: 'last_seen',
      tie: 'id_num',
      limit: query.limit,
      before: query.before === undefined ? null : decodeCursor(query.before),
      conditions: (filter) =>
        filter
          .address('src_ip', query.src_ip)
          .address('dest_ip', query.dest_ip)
          .equal('service', query.service)
          .equal('conn_state', query.conn_state),
      hasAddress: query.src_ip !== undefined || query.dest_ip !== undefined,
    },
    (row) => ({ key: row.micros, tie: row.id_num }),
  );
  return { flows: rows.map(present), next };
}

function present({ micros: _micros, id_num, ...row }: Row): FlowSummary {
  return { ...row, id_num: String(id_num) };
}
