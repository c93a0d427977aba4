/** IP in IP: IPv4 (RFC 2003) and IPv6 (RFC 2473, and 6in4: RFC 4213) as the payload of an IP packet, without a header between. */
import { EtherType } from '../link-header.ts';
import type { Tunnel } from '../tunnel.ts';

export const ipv4InIp: Tunnel = {
  name: 'ipip',
  nameInIpv6: '4in6',
  ipProtocols: [4],
  read: ({ start }, inner) => inner.carry(EtherType.IPV4, start),
};

export const ipv6InIp: Tunnel = {
  name: '6in4',
  nameInIpv6: '6in6',
  ipProtocols: [41],
  read: ({ start }, inner) => inner.carry(EtherType.IPV6, start),
};
