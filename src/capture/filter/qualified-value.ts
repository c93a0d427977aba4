/** A value with what stands before it, as in `tcp dst port 443`: which combinations there are and what each asks. */
import { type AddressLayer, etherAddress, ipAddress, type Network } from './address-tests.ts';
import type { FilterNode } from './filter-node.ts';
import { etherAddressOf, hostOf, networkOf, numberOf, rangeOf } from './filter-values.ts';
import { type Word, wordError } from './filter-words.ts';
import {
  type Direction,
  etherType,
  ipProtocol,
  ipv4Protocol,
  ipv6Protocol,
  ports,
  SCTP,
  TCP,
  TRANSPORTS,
  UDP,
} from './packet-tests.ts';

export interface Qualifiers {
  readonly protocol: Word | null;
  readonly direction: Direction;
  /** Whether the direction was written. */
  readonly hasDirection: boolean;
  /** `host`, `net`, `port`, `portrange` or `proto`. */
  readonly kind: string;
  /** The word that asks for the value, for errors. */
  readonly at: Word;
}

const MAX_PORT = 65_535;
const MAX_PROTOCOL = 255;
/** Below it the two bytes are the length of an 802.3 frame. */
const MIN_ETHER_TYPE = 0x600;
const MAX_ETHER_TYPE = 0xffff;

const TRANSPORT_NUMBERS: Readonly<Record<string, number>> = { tcp: TCP, udp: UDP, sctp: SCTP };
const LAYERS: readonly string[] = ['ip', 'ip6', 'arp', 'rarp'] satisfies AddressLayer[];

/** @throws AppError `usage` */
export function valueTest(qualifiers: Qualifiers, value: Word): FilterNode {
  const { kind, direction } = qualifiers;
  if (kind === 'port') {
    const port = numberOf(value, 'port', MAX_PORT);
    return ports(port, port, direction, transportsOf(qualifiers));
  }
  if (kind === 'portrange') {
    return ports(...rangeOf(value, 'port', MAX_PORT), direction, transportsOf(qualifiers));
  }
  if (kind === 'proto') return protocolTest(qualifiers, value);
  if (kind === 'net') return addressTest(qualifiers, value, networkOf(value));
  if (qualifiers.protocol?.text === 'ether') return etherAddress(etherAddressOf(value), direction);
  return addressTest(qualifiers, value, hostOf(value));
}

function addressTest(qualifiers: Qualifiers, value: Word, network: Network): FilterNode {
  const { protocol, direction } = qualifiers;
  if (protocol && !LAYERS.includes(protocol.text)) throw misfit(protocol, qualifiers);
  const layer = (protocol?.text ?? 'any') as AddressLayer;
  if (layer !== 'any' && (layer === 'ip6') !== (network.version === 6)) {
    throw wordError(value, `is no address that ${layer} has`);
  }
  return ipAddress(network, direction, layer);
}

function protocolTest(qualifiers: Qualifiers, value: Word): FilterNode {
  const { protocol, hasDirection, at } = qualifiers;
  if (hasDirection) throw wordError(at, 'takes neither src nor dst');
  if (protocol?.text === 'ether') {
    return etherType(numberOf(value, 'Ethernet type', MAX_ETHER_TYPE, MIN_ETHER_TYPE));
  }
  const number = numberOf(value, 'protocol', MAX_PROTOCOL);
  if (!protocol) return ipProtocol(number);
  if (protocol.text === 'ip') return ipv4Protocol(number);
  if (protocol.text === 'ip6') return ipv6Protocol(number);
  throw misfit(protocol, qualifiers);
}

function transportsOf(qualifiers: Qualifiers): readonly [number, ...number[]] {
  const { protocol } = qualifiers;
  if (!protocol) return TRANSPORTS;
  const number = TRANSPORT_NUMBERS[protocol.text];
  if (number === undefined) throw misfit(protocol, qualifiers);
  return [number];
}

function misfit(protocol: Word, { kind }: Qualifiers): Error {
  return wordError(protocol, `does not go with ${kind}`);
}
