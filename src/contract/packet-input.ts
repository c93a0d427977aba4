/**
 * One packet as `POST /ingest_packets` takes it in JSON: the columns of the packet catalogue, of which only the
 * timestamp is required. Null and absent mean the same. Unknown keys are dropped rather than refused, because
 * senders older than this server send names that it no longer keeps.
 *
 * Issues carry the path `[record index, field]` when the schema is used in an array.
 */
import { z } from 'zod';
import { LAST_MICROS } from './packet-batch.ts';

const MAX_TIMESTAMP = LAST_MICROS / 1e6;
const MAX_INT32 = 2_147_483_647;
const MAX_UINT32 = 4_294_967_295;
const MAX_TEXT_CHARS = 1024;
const MAX_PATH_CHARS = 2048;
/** As the decoder's `MAX_DETAIL_CHARS`. */
const MAX_DETAIL_CHARS = 4096;
/** A name of 255 bytes of which each is written as `\DDD`. */
const MAX_NAME_CHARS = 1020;

const IpAddress = optional(z.union([z.ipv4(), z.ipv6()]));
const Mac = optional(z.string().regex(/^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i));
const Claim = optional(z.boolean());
const Text = optional(text(MAX_TEXT_CHARS));
/** Text in the contract; older senders send a number. */
const Status = z.union([z.string().regex(/^\d{3}$/), z.int().min(100).max(999)]).transform(String);

export const PacketInput = z
  .object({
    timestamp: z.number().min(0).max(MAX_TIMESTAMP),
    interface: Text,
    src_ip: IpAddress,
    dst_ip: IpAddress,
    protocol: optional(text(32)),
    length: integer(MAX_INT32),
    src_port: integer(65_535),
    dst_port: integer(65_535),
    tcp_flags: optional(
      z.string().regex(/^((FIN|SYN|RST|PSH|ACK|URG|ECE|CWR)([\s,|]|$))*$|^[FSRPAUEC]*$/i),
    ),
    tcp_syn: Claim,
    tcp_ack: Claim,
    tcp_fin: Claim,
    tcp_rst: Claim,
    tcp_psh: Claim,
    seq: integer(MAX_UINT32),
    ack: integer(MAX_UINT32),
    icmp_type: integer(255),
    icmp_code: integer(255),
    arp_op: integer(65_535),
    arp_psrc: optional(z.ipv4()),
    arp_pdst: optional(z.ipv4()),
    arp_hwsrc: Mac,
    arp_hwdst: Mac,
    dns_query: Claim,
    dns_qname: optional(text(MAX_NAME_CHARS)),
    dns_qtype: integer(65_535),
    dns_response: Claim,
    dns_answer_count: integer(65_535),
    dns_answer_size: integer(MAX_INT32),
    http_method: optional(text(32)),
    http_path: optional(text(MAX_PATH_CHARS)),
    http_status_code: optional(Status),
    http_host: Text,
    sensor_id: Text,
    src_mac: Mac,
    dst_mac: Mac,
    vlan: integer(4095),
    ip_version: optional(z.literal([4, 6])),
    ttl: integer(255),
    payload_bytes: integer(MAX_INT32),
    payload_entropy: optional(z.number().min(0).max(8)),
    tls_sni: Text,
    ja4: Text,
    hassh: Text,
    hassh_server: Text,
    http_user_agent: optional(text(MAX_PATH_CHARS)),
    community_id: Text,
    anomaly: Text,
    ip_protocol: integer(255),
    tunnel: Text,
    outer_src_ip: IpAddress,
    outer_dst_ip: IpAddress,
    app_protocol: Text,
    app_detail: optional(text(MAX_DETAIL_CHARS)),
  })
  .superRefine((packet, context) => {
    const problems = [
      addressProblem('', packet.src_ip ?? null, packet.dst_ip ?? null),
      addressProblem('outer_', packet.outer_src_ip ?? null, packet.outer_dst_ip ?? null),
    ];
    for (const problem of problems)
      if (problem !== null)
        context.addIssue({ code: 'custom', path: [problem.field], message: problem.message });
  });
export type PacketInput = z.infer<typeof PacketInput>;

/** A packet has both addresses, in one version, or none. */
function addressProblem(
  prefix: string,
  src: string | null,
  dst: string | null,
): { field: string; message: string } | null {
  if (src === null && dst === null) return null;
  if (src === null) return { field: `${prefix}src_ip`, message: `Missing beside ${prefix}dst_ip` };
  if (dst === null) return { field: `${prefix}dst_ip`, message: `Missing beside ${prefix}src_ip` };
  if (src.includes(':') === dst.includes(':')) return null;
  return { field: `${prefix}dst_ip`, message: `Not the IP version of ${prefix}src_ip` };
}

function optional<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish();
}

function integer(max: number) {
  return optional(z.int().min(0).max(max));
}

/** PostgreSQL's text cannot hold NUL. */
function text(maxChars: number) {
  return z
    .string()
    .max(maxChars)
    .refine((value) => !value.includes('\0'), 'Contains NUL');
}
