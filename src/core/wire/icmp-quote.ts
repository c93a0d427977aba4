/**
 * The packet that an ICMP error quotes (RFC 792, RFC 4443 §2.4): the conversation that the error is about, as
 * `{"quoted":{"src":"192.0.2.1","dst":"198.51.100.2","protocol":17,"src_port":51000,"dst_port":53}}`.
 */
import { formatIp, formatIpv4 } from './address.ts';
import { Ipv4Header } from './ipv4.ts';
import { Ipv6Header } from './ipv6.ts';
import type { Span } from './span.ts';

const TCP = 6;
const UDP = 17;
const DCCP = 33;
const SCTP = 132;
const UDP_LITE = 136;
const PORTS_BYTES = 4;

const ERRORS_4 = new Set([3, 4, 5, 11, 12]);
const LAST_ERROR_6 = 4;

// Reused for every packet.
const ipv4 = new Ipv4Header();
const ipv6 = new Ipv6Header();
const words = new Uint32Array(4);

/** Messages of this type quote a packet: unreachable, source quench, redirect, time exceeded, bad parameter, packet too big. */
export function isIcmpError(type: number, isV6: boolean): boolean {
  return isV6 ? type >= 1 && type <= LAST_ERROR_6 : ERRORS_4.has(type);
}

/** `span.start`: behind the eight bytes of the ICMP header. Null where no whole IP header is quoted. */
export function readQuote(span: Span, isV6: boolean): string | null {
  const { view, start, end } = span;
  if (isV6) {
    if (!ipv6.at(view, start, end) || ipv6.version !== 6) return null;
    const src = ipv6Text(true);
    const dst = ipv6Text(false);
    const isWalked = ipv6.walk(end) === null && ipv6.fragmentOffset === 0;
    return quote(src, dst, ipv6.nextHeader, isWalked ? ipv6.payloadStart : end, span);
  }
  if (!ipv4.at(view, start, end) || ipv4.version !== 4 || ipv4.hasBadHeaderLength) return null;
  const payloadStart = ipv4.fragmentOffset === 0 ? start + ipv4.headerBytes : end;
  return quote(formatIpv4(ipv4.src), formatIpv4(ipv4.dst), ipv4.protocol, payloadStart, span);
}

function quote(
  src: string,
  dst: string,
  protocol: number,
  payloadStart: number,
  { view, end }: Span,
): string {
  const head = `{"quoted":{"src":"${src}","dst":"${dst}","protocol":${protocol}`;
  if (!hasPorts(protocol) || payloadStart + PORTS_BYTES > end) return `${head}}}`;
  const srcPort = view.getUint16(payloadStart);
  return `${head},"src_port":${srcPort},"dst_port":${view.getUint16(payloadStart + 2)}}}`;
}

function ipv6Text(isSource: boolean): string {
  for (let i = 0; i < 4; i++) words[i] = isSource ? ipv6.srcWord(i) : ipv6.dstWord(i);
  return formatIp(words, 0, 6);
}

function hasPorts(protocol: number): boolean {
  switch (protocol) {
    case TCP:
    case UDP:
    case DCCP:
    case SCTP:
    case UDP_LITE:
      return true;
    default:
      return false;
  }
}
