/** Multicast DNS (RFC 6762): names of the link and the services that its machines offer. */
import type { AppProtocol } from '../app-protocol.ts';
import { DnsDatagrams } from '../dns/dns-datagrams.ts';
import { MULTICAST } from '../dns/dns-dialect.ts';

export const mdns: AppProtocol = {
  name: 'mdns',
  udpPorts: [5353],
  createReader: () => new DnsDatagrams(MULTICAST),
};
