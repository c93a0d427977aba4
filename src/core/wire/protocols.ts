/**
 * The application protocols that are read, in the order in which a payload is offered to them: those that
 * know their messages for certain before those that go by ports. To add one: its file in `protocols/` and its
 * line here.
 */
import type { AppProtocol } from './app-protocol.ts';
import { dhcp } from './protocols/dhcp.ts';
import { dhcpv6 } from './protocols/dhcpv6.ts';
import { dns } from './protocols/dns.ts';
import { dtls } from './protocols/dtls.ts';
import { ftp } from './protocols/ftp.ts';
import { http } from './protocols/http.ts';
import { llmnr } from './protocols/llmnr.ts';
import { mdns } from './protocols/mdns.ts';
import { ntp } from './protocols/ntp.ts';
import { quic } from './protocols/quic.ts';
import { rdp } from './protocols/rdp.ts';
import { smb } from './protocols/smb.ts';
import { smtp } from './protocols/smtp.ts';
import { snmp } from './protocols/snmp.ts';
import { ssdp } from './protocols/ssdp.ts';
import { ssh } from './protocols/ssh.ts';
import { tftp } from './protocols/tftp.ts';
import { tls } from './protocols/tls.ts';

export const APP_PROTOCOLS: readonly AppProtocol[] = [
  dns,
  mdns,
  llmnr,
  tls,
  dtls,
  ssh,
  quic,
  http,
  rdp,
  smb,
  ftp,
  smtp,
  dhcp,
  dhcpv6,
  ntp,
  snmp,
  ssdp,
  tftp,
];
