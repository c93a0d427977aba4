/** One bidirectional conversation, as the flow table emits it when it ends and `traffic_data` keeps it. */

/** Zeek's connection states. UDP and ICMP use S0 (one side spoke), SF (both did) and OTH. */
export const CONN_STATES = [
  'S0',
  'S1',
  'SF',
  'REJ',
  'S2',
  'S3',
  'RSTO',
  'RSTR',
  'RSTOS0',
  'RSTRH',
  'SH',
  'SHR',
  'OTH',
] as const;
export type ConnState = (typeof CONN_STATES)[number];

/** Packet lengths or gaps of one direction. */
export interface Moments {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

export interface FlowRecord {
  /** Deterministic 53-bit integer: hash of sensor, 5-tuple and first packet time. */
  readonly id: number;
  readonly sensorId: string;
  readonly firstSeenMicros: number;
  readonly lastSeenMicros: number;
  /** The originator. */
  readonly srcIp: string;
  readonly dstIp: string;
  /** ICMP: type and code take the ports' places, as Zeek has it; -1 where there is none. */
  readonly srcPort: number;
  readonly dstPort: number;
  /** The text of the `protocol` column. */
  readonly protocol: string;
  readonly srcMac: string | null;
  readonly dstMac: string | null;
  readonly vlan: number | null;
  readonly packetsFwd: number;
  readonly packetsBwd: number;
  /** Bytes on the wire. */
  readonly bytesFwd: number;
  readonly bytesBwd: number;
  readonly payloadFwd: number;
  readonly payloadBwd: number;
  /** Union of the flag bits of each direction. */
  readonly tcpFlagsFwd: number;
  readonly tcpFlagsBwd: number;
  readonly connState: ConnState;
  readonly history: string;
  /** The reason the record was emitted. */
  readonly endReason: 'closed' | 'idle' | 'active' | 'evicted' | 'flushed';
  /** Name of the application protocol seen or guessed by port: ssh, http, tls, dns, ftp, smtp, ntp, … or null. */
  readonly service: string | null;
  /** SYNs without ACK sent by the originator. */
  readonly connectionAttempts: number;
  /** A three-way handshake was completed and seen in both directions: the source is not spoofed. */
  readonly isValidated: boolean;
  readonly handshakeMicros: number | null;
  readonly retransmissions: number;
  readonly ttlFwd: number;
  readonly ttlBwd: number;
  readonly initialWindowFwd: number;
  readonly initialWindowBwd: number;
  readonly lengthFwd: Moments;
  readonly lengthBwd: Moments;
  /** Gaps between packets, µs. */
  readonly gapFwd: Moments;
  readonly gapBwd: Moments;
  /** Entropy of the first payload of the originator, bits per byte; NaN without payload. */
  readonly firstPayloadEntropy: number;
  readonly tlsSni: string | null;
  readonly ja4: string | null;
  readonly hassh: string | null;
  readonly communityId: string | null;
  verdict: FlowVerdict | null;
}

export interface FlowVerdict {
  /** An alert_type, or `Benign`. */
  readonly label: string;
  readonly confidence: number;
  readonly threatScore: number;
}
