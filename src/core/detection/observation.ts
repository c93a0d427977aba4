/** One packet with what the flow table knows of its conversation: what every detector is shown. Reused for each packet. */
import type { PacketBatch } from '../../contract/packet-batch.ts';

/** What of a packet may interest a detector, as bits. Most packets of a conversation show nothing of it. */
export const Sight = {
  /** TCP that begins, answers, completes or breaks off: a SYN, a flow's first packet, a handshake's end, the RST that ends a flow. */
  OPENING: 1,
  /** UDP, ICMP and others above IP. */
  DATAGRAM: 2,
  /** `appEvents` says something. */
  APPLICATION: 4,
  DNS_QUERY: 8,
  ARP: 16,
  /** What an SSH server sends in the first packets of a connection, log-in included. */
  SSH_ANSWER: 32,
  /** The first payload of who began a TCP connection. */
  FIRST_WORD: 64,
} as const;

/** All bits of `Sight`. */
export const ALL_SIGHTS = 127;

export interface Observation {
  batch: PacketBatch;
  row: number;
  tsMicros: number;
  /** `endpointKey` of the packet's addresses; -1 without an IP header. */
  sourceKey: number;
  targetKey: number;
  /** `FlowRecord.id`; -1 without a flow. */
  flowId: number;
  /** First packet of its flow. */
  isNewFlow: boolean;
  /** It began a conversation: UDP, or TCP by a segment without ACK and RST (SYN and stealth probes). */
  isAttempt: boolean;
  /** Sent by the side that began the conversation. */
  isFromOriginator: boolean;
  /** This packet completed the three-way handshake. */
  isHandshakeEnd: boolean;
  /** The handshake was completed, and this segment fits its sequence numbers: neither address is forged. */
  isValidated: boolean;
  /** The first packet that the responder sent. */
  isFirstAnswer: boolean;
}
