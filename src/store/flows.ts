/** Flows as people read them. */
import type { FlowPage, FlowQuery, FlowSummary } from '../contract/api.ts';
import { decodeCursor, type Position, pageOf } from './cursor.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';
import { TIERS } from './tiers.ts';
import { isoMicros, walkBack } from './walk-back.ts';

type Row = Omit<FlowSummary, 'id_num'> & { id_num: number; micros: number };

const COLUMNS = `id_num, extract(epoch FROM first_seen)::float8 AS first_seen,
  extract(epoch FROM last_seen)::float8 AS last_seen, src_ip, dest_ip, src_port, dest_port, protocol,
  service, conn_state, history, duration, packet_count, byte_count, byte_count_fwd, byte_count_bwd,
  tls_sni, country, predicted_label, confidence, threat_score, community_id,
  (extract(epoch FROM last_seen) * 1000000)::int8 AS micros`;

/** One page, newest `last_seen` first. @throws AppError `invalid_request` for a cursor that is not ours. */
export async function listFlows(db: Queryable, query: FlowQuery): Promise<FlowPage> {
  const before = query.before === undefined ? null : decodeCursor(query.before);
  const options = { before: before?.key ?? null, count: query.limit + 1 };
  const found = await walkBack(db, TIERS.flows, options, (lower) => {
    const filter = filterOf(query, before, lower);
    return db.query<Row>(
      `SELECT ${COLUMNS} FROM traffic_data AS f ${filter.where}
       ORDER BY f.last_seen DESC, id_num DESC LIMIT ${options.count}`,
      filter.values,
    );
  });
  const { rows, next } = pageOf(found, query.limit, (row) => ({
    key: row.micros,
    tie: row.id_num,
  }));
  return { flows: rows.map(present), next };
}

function filterOf(query: FlowQuery, before: Position | null, lower: string | null): Filter {
  const filter = new Filter()
    .address('src_ip', query.src_ip)
    .address('dest_ip', query.dest_ip)
    .equal('service', query.service)
    .equal('conn_state', query.conn_state);
  if (lower !== null) filter.add('last_seen >= ?', lower);
  if (before !== null) {
    const time = isoMicros(before.key);
    filter.add('last_seen <= ?', time).add('(last_seen, id_num) < (?, ?)', time, before.tie);
  }
  return filter;
}

function present({ micros: _micros, id_num, ...row }: Row): FlowSummary {
  return { ...row, id_num: String(id_num) };
}
