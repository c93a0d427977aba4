/**
 * Which readers a payload is offered to: the catalogue turned into bit masks by port and by first byte, so
 * that most packets cost three look-ups. Bit `i` stands for protocol `i` of the table's transport.
 */
import type { AppProtocol, AppReader } from './app-protocol.ts';

/** Bits of a mask. */
const MAX_PROTOCOLS = 32;

export interface ProtocolTable {
  readonly names: readonly string[];
  readonly byPort: Uint32Array;
  readonly byFirstByte: Uint32Array;
  readonly createReaders: () => AppReader[];
}

/** The protocols of the catalogue that `transport` carries, in its order. */
export function protocolTable(
  catalogue: readonly AppProtocol[],
  transport: 'tcp' | 'udp',
): ProtocolTable {
  const isTcp = transport === 'tcp';
  const portsOf = ({ tcpPorts = [], udpPorts = [] }: AppProtocol) => (isTcp ? tcpPorts : udpPorts);
  const bytesOf = ({ tcpFirstBytes = [], udpFirstBytes = [] }: AppProtocol) =>
    isTcp ? tcpFirstBytes : udpFirstBytes;
  const protocols = catalogue.filter(
    (protocol) => portsOf(protocol).length + bytesOf(protocol).length > 0,
  );
  if (protocols.length > MAX_PROTOCOLS)
    throw new RangeError(
      `${protocols.length} protocols over ${transport}, at most ${MAX_PROTOCOLS}`,
    );
  const byPort = new Uint32Array(65_536);
  const byFirstByte = new Uint32Array(256);
  for (const [index, protocol] of protocols.entries()) {
    for (const port of portsOf(protocol)) byPort[port]! |= 1 << index;
    for (const byte of bytesOf(protocol)) byFirstByte[byte]! |= 1 << index;
  }
  return {
    names: protocols.map(({ name }) => name),
    byPort,
    byFirstByte,
    createReaders: () => protocols.map(({ createReader }) => createReader()),
  };
}
