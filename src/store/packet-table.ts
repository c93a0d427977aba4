/** Rows of `packets` straight from the columns of a batch: no object per packet. One entry a column, by its name. */

import { Verdict } from '../contract/alert.ts';
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import type { PacketVerdicts } from '../contract/analysis.ts';
import {
  AppEvent,
  type PacketBatch,
  PROTOCOLS,
  type TextColumn,
} from '../contract/packet-batch.ts';
import { PACKET_COLUMNS, type SqlType, VERDICT_COLUMNS } from '../contract/packet-record.ts';
import type { AddressTexts } from './address-texts.ts';
import { type ColumnType, copyTable, type FieldWriter } from './columns.ts';
import type { CommunityIds } from './community-ids.ts';
import { encodeText } from './copy-binary.ts';
import {
  DERIVED,
  OWN_PACKET_COLUMNS,
  PACKED,
  type PacketField,
  type StoredField,
} from './packet-columns.ts';
import { isMalicious } from './packet-verdict.ts';

export interface PacketSource {
  readonly batch: PacketBatch;
  readonly verdicts: PacketVerdicts;
  readonly sensorId: string;
  readonly addresses: AddressTexts;
  readonly communityIds: CommunityIds;
  /** The id of row 0; the others follow. */
  readonly firstId: number;
}

type Bind = (source: PacketSource) => FieldWriter;

/** As `--json` prints it: more digits are noise of the float32 column. */
const ENTROPY_STEPS = 10_000;

const PROTOCOL_BYTES = PROTOCOLS.map(encodeText);
const KIND_BYTES = ALERT_KIND_NAMES.map(encodeText);
const DECISION_BYTES = Verdict.options.map(encodeText);

const FIELDS: Record<StoredField, Bind> = {
  interface: textOf((batch) => batch.interface),
  src_ip: ipOf(
    (batch) => batch.src,
    (batch) => batch.ipVersion,
  ),
  dst_ip: ipOf(
    (batch) => batch.dst,
    (batch) => batch.ipVersion,
  ),
  protocol: codeOf(({ batch }) => batch.protocol, PROTOCOL_BYTES),
  length: int4Of((batch) => batch.wireLength),
  src_port: portOf((batch) => batch.srcPort),
  dst_port: portOf((batch) => batch.dstPort),
  tcp_flags: int2Of((batch) => batch.tcpFlags),
  seq: sequenceOf((batch) => batch.seq),
  ack: sequenceOf((batch) => batch.ack),
  icmp_type: int2Of((batch) => batch.icmpType),
  icmp_code: int2Of((batch) => batch.icmpCode),
  arp_op: int4Of((batch) => batch.arpOp),
  arp_psrc: arpIpOf((batch) => batch.arpPsrc),
  arp_pdst: arpIpOf((batch) => batch.arpPdst),
  arp_hwsrc: macTextOf((batch) => batch.arpHwsrc),
  arp_hwdst: macTextOf((batch) => batch.arpHwdst),
  dns_query: claimOf((batch) => batch.dnsQuery),
  dns_qname: textOf((batch) => batch.dnsQname),
  dns_qtype: int4Of((batch) => batch.dnsQtype),
  dns_response: claimOf((batch) => batch.dnsResponse),
  dns_answer_count: int4Of((batch) => batch.dnsAnswerCount),
  dns_answer_size: int4Of((batch) => batch.dnsAnswerSize),
  http_method: textOf((batch) => batch.httpMethod),
  http_path: textOf((batch) => batch.httpPath),
  http_status_code:
    ({ batch: { httpStatus } }) =>
    (out, row) => {
      const status = httpStatus[row] as number;
      if (status < 0) out.null();
      else out.text(String(status));
    },
  http_host: textOf((batch) => batch.httpHost),
  sensor_id: ({ sensorId }) => {
    const bytes = encodeText(sensorId);
    return (out) => out.textBytes(bytes);
  },
  src_mac: macOf((batch) => batch.srcMac),
  dst_mac: macOf((batch) => batch.dstMac),
  vlan: int4Of((batch) => batch.vlan),
  ttl: int2Of((batch) => batch.ttl),
  payload_bytes: int4Of((batch) => batch.payloadBytes),
  payload_entropy:
    ({ batch: { payloadEntropy } }) =>
    (out, row) => {
      const entropy = payloadEntropy[row] as number;
      if (Number.isNaN(entropy)) out.null();
      else out.float4(Math.round(entropy * ENTROPY_STEPS) / ENTROPY_STEPS);
    },
  tls_sni: textOf((batch) => batch.tlsSni),
  ja4: textOf((batch) => batch.ja4),
  hassh: textOf((batch) => batch.hassh),
  hassh_server: textOf((batch) => batch.hasshServer),
  http_user_agent: textOf((batch) => batch.httpUserAgent),
  community_id:
    ({ batch, verdicts: { flowId }, communityIds }) =>
    (out, row) => {
      const bytes = communityIds.find(batch, row, flowId[row] as number);
      if (bytes === null) out.null();
      else out.textBytes(bytes);
    },
  anomaly: textOf((batch) => batch.anomaly),
  ip_protocol: int2Of((batch) => batch.ipProtocol),
  tunnel: textOf((batch) => batch.tunnel),
  outer_src_ip: ipOf(
    (batch) => batch.outerSrc,
    (batch) => batch.outerIpVersion,
  ),
  outer_dst_ip: ipOf(
    (batch) => batch.outerDst,
    (batch) => batch.outerIpVersion,
  ),
  app_protocol: textOf((batch) => batch.appProtocol),
  app_detail: textOf((batch) => batch.appDetail),
  flow_id:
    ({ verdicts: { flowId } }) =>
    (out, row) => {
      const id = flowId[row] as number;
      if (id < 0) out.null();
      else out.int8(id);
    },
  is_malicious:
    ({ verdicts }) =>
    (out, row) => {
      const claim = isMalicious(verdicts, row);
      if (claim === null) out.null();
      else out.bool(claim);
    },
  threat_score:
    ({ verdicts: { threatScore } }) =>
    (out, row) => {
      const score = threatScore[row] as number;
      if (Number.isNaN(score)) out.null();
      else out.float4(score);
    },
  attack_type: codeOf(({ verdicts }) => verdicts.attackKind, KIND_BYTES),
  decision: codeOf(({ verdicts }) => verdicts.decision, DECISION_BYTES),
};

const OWN_FIELDS: Record<(typeof OWN_PACKET_COLUMNS)[number]['name'], Bind> = {
  id:
    ({ firstId }) =>
    (out, row) =>
      out.int8(firstId + row),
  captured_at:
    ({ batch: { tsMicros } }) =>
    (out, row) =>
      out.time(tsMicros[row] as number),
  country:
    ({ batch: { src, ipVersion }, addresses }) =>
    (out, row) => {
      const version = ipVersion[row] as number;
      if (version === 0) out.null();
      else addresses.writeCountry(out, src, 4 * row, version);
    },
};

const CATALOGUE: readonly { name: PacketField; sql: SqlType }[] = [
  ...PACKET_COLUMNS,
  ...VERDICT_COLUMNS,
];

export const PACKET_TABLE = copyTable<PacketSource>('packets', [
  ...CATALOGUE.filter(isStored).map(({ name, sql }) => ({
    name,
    sql: packedTypeOf(name) ?? sql,
    bind: FIELDS[name],
  })),
  ...OWN_PACKET_COLUMNS.map(({ name, sql }) => ({ name, sql, bind: OWN_FIELDS[name] })),
]);

function isStored(column: {
  name: PacketField;
  sql: SqlType;
}): column is { name: StoredField; sql: SqlType } {
  return !(column.name in DERIVED);
}

function packedTypeOf(name: StoredField): ColumnType | undefined {
  const packed: Partial<Record<StoredField, { sql: ColumnType }>> = PACKED;
  return packed[name]?.sql;
}

type Numbers = Uint8Array | Int8Array | Int16Array | Int32Array | Uint32Array;

function int4Of(of: (batch: PacketBatch) => Numbers): Bind {
  return ({ batch }) => {
    const values = of(batch);
    return (out, row) => {
      const value = values[row] as number;
      if (value < 0) out.null();
      else out.int4(value);
    };
  };
}

function int2Of(of: (batch: PacketBatch) => Numbers): Bind {
  return ({ batch }) => {
    const values = of(batch);
    return (out, row) => {
      const value = values[row] as number;
      if (value < 0) out.null();
      else out.int2(value);
    };
  };
}

/** Later fragments belong to a conversation, but have no ports of their own. */
function portOf(of: (batch: PacketBatch) => Int32Array): Bind {
  return ({ batch }) => {
    const ports = of(batch);
    const { appEvents } = batch;
    return (out, row) => {
      const port = ports[row] as number;
      const isLater = ((appEvents[row] as number) & AppEvent.LATER_FRAGMENT) !== 0;
      if (port < 0 || isLater) out.null();
      else out.int2(port);
    };
  };
}

/** A code into a list of texts; -1 is null. */
function codeOf(of: (source: PacketSource) => Numbers, texts: readonly Uint8Array[]): Bind {
  return (source) => {
    const codes = of(source);
    return (out, row) => {
      const text = texts[codes[row] as number];
      if (text === undefined) out.null();
      else out.textBytes(text);
    };
  };
}

function textOf(of: (batch: PacketBatch) => TextColumn): Bind {
  return ({ batch }) => {
    const { codes, values } = of(batch);
    const encoded: Uint8Array[] = [];
    return (out, row) => {
      const code = codes[row] as number;
      if (code < 0) {
        out.null();
        return;
      }
      let bytes = encoded[code];
      if (bytes === undefined) {
        bytes = encodeText(values[code] as string);
        encoded[code] = bytes;
      }
      out.textBytes(bytes);
    };
  };
}

/** `versionOf`: 4, 6, or 0 where there is no such address. */
function ipOf(
  of: (batch: PacketBatch) => Uint32Array,
  versionOf: (batch: PacketBatch) => Uint8Array,
): Bind {
  return ({ batch, addresses }) => {
    const words = of(batch);
    const versions = versionOf(batch);
    return (out, row) => {
      const version = versions[row] as number;
      if (version === 0) out.null();
      else addresses.write(out, words, 4 * row, version);
    };
  };
}

function arpIpOf(of: (batch: PacketBatch) => Uint32Array): Bind {
  return ({ batch, addresses }) => {
    const words = of(batch);
    const { arpOp } = batch;
    return (out, row) => {
      if ((arpOp[row] as number) < 0) out.null();
      else addresses.writeIpv4(out, words[row] as number);
    };
  };
}

function macOf(of: (batch: PacketBatch) => Float64Array): Bind {
  return ({ batch }) => {
    const macs = of(batch);
    return (out, row) => {
      const mac = macs[row] as number;
      if (mac < 0) out.null();
      else out.mac(mac);
    };
  };
}

function macTextOf(of: (batch: PacketBatch) => Float64Array): Bind {
  return ({ batch }) => {
    const macs = of(batch);
    return (out, row) => {
      const mac = macs[row] as number;
      if (mac < 0) out.null();
      else out.macText(mac);
    };
  };
}

function claimOf(of: (batch: PacketBatch) => Int8Array): Bind {
  return ({ batch }) => {
    const claims = of(batch);
    return (out, row) => {
      const claim = claims[row] as number;
      if (claim < 0) out.null();
      else out.bool(claim === 1);
    };
  };
}

/** Meaningful only where there is a TCP header. */
function sequenceOf(of: (batch: PacketBatch) => Uint32Array): Bind {
  return ({ batch }) => {
    const values = of(batch);
    const { tcpFlags } = batch;
    return (out, row) => {
      if ((tcpFlags[row] as number) < 0) out.null();
      else out.int4(values[row] as number);
    };
  };
}
