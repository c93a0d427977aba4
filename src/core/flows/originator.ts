/** Who opened a flow, where its first packet does not say: by the ports. */
import { Protocol } from '../../contract/packet-batch.ts';
import { TcpFlag } from '../wire/tcp.ts';
import { isLikelyServerPort } from './services.ts';

/** No SYN says who opened it, and only the sender's port is one that servers listen on. */
export function isServerSpeakingFirst(
  protocol: number,
  flags: number,
  srcPort: number,
  dstPort: number,
): boolean {
  if (protocol !== Protocol.TCP && protocol !== Protocol.UDP) return false;
  if (flags >= 0 && (flags & (TcpFlag.SYN | TcpFlag.ACK)) === TcpFlag.SYN) return false;
  if (!isLikelyServerPort(protocol, srcPort)) return false;
  if (!isLikelyServerPort(protocol, dstPort)) return true;
  return flags >= 0 && !(flags & TcpFlag.SYN) && srcPort < dstPort;
}

/** Multicast, or the limited broadcast: nobody who could have begun a conversation. */
export function isGroup(words: Uint32Array, offset: number): boolean {
  const isIpv4 = words[offset] === 0 && words[offset + 1] === 0 && words[offset + 2] === 0xffff;
  if (!isIpv4) return words[offset]! >>> 24 === 0xff;
  const last = words[offset + 3]!;
  return last >>> 28 === 0xe || last === 0xffffffff;
}
