/** Stored packets: a filtered list for people, and the newest with every column. */
import type { PacketPage, PacketQuery, PacketSummary } from '../contract/api.ts';
import { PACKET_COLUMNS, type PacketRecord, VERDICT_COLUMNS } from '../contract/packet-record.ts';
import { decodeCursor } from './cursor.ts';
import type { Queryable } from './database.ts';
import { Filter } from './filter.ts';
import { newestRows } from './newest-rows.ts';
import { mergeSorted } from './shards/merge-rows.ts';
import { overShards } from './shards/over-shards.ts';
import { TIERS } from './tiers.ts';
import { walkBack } from './walk-back.ts';

/** A stored packet: the contract's columns, those beside them, and the verdict. */
export type StoredPacket = PacketRecord & {
  flow_id: number | null;
  is_malicious: boolean | null;
  threat_score: number | null;
  threat_level: string | null;
  attack_type: string | null;
  decision: string | null;
};

type Row = Omit<PacketSummary, 'id' | 'info'> & {
  id: number;
  micros: number;
  dns_qname: string | null;
  dns_response: boolean | null;
  http_method: string | null;
  http_host: string | null;
  http_path: string | null;
  http_status_code: string | null;
  tls_sni: string | null;
  anomaly: string | null;
  icmp_type: number | null;
  icmp_code: number | null;
  arp_op: number | null;
  arp_psrc: string | null;
  arp_pdst: string | null;
  arp_hwsrc: string | null;
};

const SUMMARY = `id, timestamp, src_ip, dst_ip, src_port, dst_port, protocol, length, tcp_flags, sensor_id,
  is_malicious, threat_score, threat_level, attack_type, decision, country, dns_qname, dns_response,
  http_method, http_host, http_path, http_status_code, tls_sni, anomaly, icmp_type, icmp_code,
  arp_op, arp_psrc, arp_pdst, arp_hwsrc,
  (extract(epoch FROM captured_at) * 1000000)::int8 AS micros`;
const RECORD = [...PACKET_COLUMNS, ...VERDICT_COLUMNS].map(({ name }) => `"${name}"`).join(', ');

/** One page, newest first. @throws AppError `invalid_request` for a cursor that is not ours. */
export async function listPackets(db: Queryable, query: PacketQuery): Promise<PacketPage> {
  const { rows, next } = await newestRows<Row>(
    db,
    {
      tier: TIERS.packets,
      columns: SUMMARY,
      time: 'captured_at',
      tie: 'id',
      limit: query.limit,
      before: query.before === undefined ? null : decodeCursor(query.before),
      conditions: (filter) => addConditions(filter, query),
      hasAddress: query.src_ip !== undefined || query.dst_ip !== undefined,
    },
    ({ micros, id }) => ({ key: micros, tie: id }),
  );
  return { packets: rows.map(present), next };
}

/** The newest `count` packets with every column, newest first. */
export async function lastPackets(db: Queryable, count: number): Promise<StoredPacket[]> {
  const lists = await overShards(db, (shard) =>
    walkBack(shard, TIERS.packets, { before: null, count }, (lower) => {
      const filter = new Filter();
      if (lower !== null) filter.add('captured_at >= ?', lower);
      return shard.query<StoredPacket>(
        `SELECT ${RECORD} FROM raw_packets ${filter.where}
         ORDER BY captured_at DESC, id DESC LIMIT $${filter.values.length + 1}`,
        [...filter.values, count],
      );
    }),
  );
  return mergeSorted(lists, count, (a, b) => (b.timestamp ?? 0) - (a.timestamp ?? 0));
}

const EVERYWHERE: ReadonlySet<string> = new Set(['TCP', 'UDP']);

function addConditions(filter: Filter, query: PacketQuery): void {
  filter
    .address('src_ip', query.src_ip)
    .address('dst_ip', query.dst_ip)
    .equal('protocol', query.protocol)
    .equal('attack_type', query.attack_type);
  // Said so that the partial index of rare protocols serves.
  if (query.protocol !== undefined && !EVERYWHERE.has(query.protocol))
    filter.add(`protocol NOT IN ('TCP', 'UDP')`);
  // A packet with an attack type is malicious: said so that the partial index serves.
  if (query.malicious === true || query.attack_type !== undefined) filter.add('is_malicious');
  else if (query.malicious === false) filter.add('is_malicious IS NOT TRUE');
}

const ARP_REQUEST = 1;
const ARP_REPLY = 2;

function present(row: Row): PacketSummary {
  const {
    micros: _micros,
    id,
    dns_qname,
    dns_response,
    http_method,
    http_host,
    http_path,
    http_status_code,
    tls_sni,
    anomaly,
    icmp_type,
    icmp_code,
    arp_op,
    arp_psrc,
    arp_pdst,
    arp_hwsrc,
    ...summary
  } = row;
  let info = tls_sni ?? anomaly;
  if (http_method !== null) info = `${http_method} ${http_host ?? ''}${http_path ?? ''}`;
  else if (http_status_code !== null) info = `HTTP ${http_status_code}`;
  else if (dns_qname !== null) info = `${dns_response ? 'DNS answer' : 'DNS'} ${dns_qname}`;
  else if (arp_op === ARP_REQUEST) info = `${arp_psrc} asks who has ${arp_pdst}`;
  else if (arp_op === ARP_REPLY) info = `${arp_psrc} is at ${arp_hwsrc}, told to ${arp_pdst}`;
  else if (icmp_type !== null && info === null) info = `type ${icmp_type} code ${icmp_code}`;
  return { ...summary, id: String(id), info };
}
