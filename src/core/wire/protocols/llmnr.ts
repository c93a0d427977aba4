/** Link-local multicast name resolution (RFC 4795), which Windows asks when DNS has no answer, and which anyone on the link may answer. */
import type { AppProtocol } from '../app-protocol.ts';
import { DnsDatagrams } from '../dns/dns-datagrams.ts';
import { LINK_LOCAL } from '../dns/dns-dialect.ts';

export const llmnr: AppProtocol = {
  name: 'llmnr',
  udpPorts: [5355],
  createReader: () => new DnsDatagrams(LINK_LOCAL),
};
