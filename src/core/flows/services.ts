/** Names of application protocols, by what was seen in the payload and else by the responder's port. */
import { AppEvent, type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { APP_PROTOCOLS } from '../wire/protocols.ts';

/** Codes are positions; 0 is "not known". Those after it serve packets that came as JSON, without `app_protocol`. */
const SERVICE_NAMES = ['', 'http', 'ssh', 'ftp', 'tls', 'smtp', 'dns'];
const HTTP = 1;
export const SSH = 2;
const FTP = 3;
const TLS = 4;
const SMTP = 5;
const DNS = 6;

const codeByName = new Map(SERVICE_NAMES.map((name, code) => [name, code]));
for (const { name } of APP_PROTOCOLS)
  if (!codeByName.has(name)) codeByName.set(name, SERVICE_NAMES.push(name) - 1);

const HTTP_EVENTS = AppEvent.HTTP_REQUEST | AppEvent.HTTP_RESPONSE;
const TLS_EVENTS = AppEvent.TLS_CLIENT_HELLO | AppEvent.TLS_SERVER_HELLO;

/** The service that a packet's content shows; 0 where it shows none. */
export function serviceSeen(batch: PacketBatch, row: number): number {
  const protocol = batch.appProtocol.get(row);
  if (protocol !== null) return codeByName.get(protocol) ?? 0;
  if (batch.dnsQuery[row]! >= 0) return DNS;
  const events = batch.appEvents[row]!;
  if (events === 0) return 0;
  if (events & HTTP_EVENTS) return HTTP;
  if (events & TLS_EVENTS) return TLS;
  if (events & AppEvent.SSH_BANNER) return SSH;
  if (events & AppEvent.FTP_COMMAND) return FTP;
  return events & AppEvent.SMTP_COMMAND ? SMTP : 0;
}

export function serviceName(code: number): string | null {
  return SERVICE_NAMES[code] || null;
}

const TCP_PORTS: readonly (readonly [string, ...number[]])[] = [
  ['ftp', 21, 2121],
  ['ftp-data', 20],
  ['ssh', 22, 2222],
  ['telnet', 23, 2323],
  ['smtp', 25, 465, 587],
  ['dns', 53],
  ['http', 80, 81, 591, 3128, 8000, 8080, 8888],
  ['krb', 88],
  ['pop3', 110],
  ['rpc', 111, 135],
  ['smb', 139, 445],
  ['imap', 143],
  ['ldap', 389, 3268],
  ['tls', 443, 636, 853, 989, 990, 993, 995, 5061, 8443],
  ['modbus', 502],
  ['login', 513],
  ['syslog', 514],
  ['rtsp', 554],
  ['mssql', 1433],
  ['mqtt', 1883],
  ['mysql', 3306],
  ['rdp', 3389],
  ['sip', 5060],
  ['xmpp', 5222, 5269],
  ['postgresql', 5432],
  ['vnc', 5900],
  ['redis', 6379],
  ['irc', 6666, 6667, 6668, 6669],
  ['dnp3', 20000],
  ['memcached', 11211],
  ['mongodb', 27017],
];

const UDP_PORTS: readonly (readonly [string, ...number[]])[] = [
  ['dns', 53],
  ['dhcp', 67, 4011],
  ['tftp', 69],
  ['krb', 88],
  ['rpc', 111],
  ['ntp', 123],
  ['nbns', 137],
  ['nbdgm', 138],
  ['snmp', 161, 162],
  ['ldap', 389],
  ['quic', 443],
  ['ike', 500, 4500],
  ['syslog', 514],
  ['openvpn', 1194],
  ['radius', 1812, 1813],
  ['ssdp', 1900],
  ['gtp', 2123, 2152],
  ['teredo', 3544],
  ['stun', 3478],
  ['vxlan', 4789],
  ['sip', 5060],
  ['ayiya', 5072],
  ['mdns', 5353],
  ['llmnr', 5355],
  ['geneve', 6081],
  ['memcached', 11211],
];

const tcpByPort = byPort(TCP_PORTS);
const udpByPort = byPort(UDP_PORTS);

/** The service by the responder's well-known port, or null. */
export function serviceByPort(protocol: number, port: number): string | null {
  if (protocol === Protocol.TCP) return tcpByPort.get(port) ?? null;
  return protocol === Protocol.UDP ? (udpByPort.get(port) ?? null) : null;
}

/** Whether a server is to be expected at the port: tells originator from responder where no SYN does. */
export function isLikelyServerPort(protocol: number, port: number): boolean {
  return serviceByPort(protocol, port) !== null;
}

function byPort(list: typeof TCP_PORTS): Map<number, string> {
  return new Map(list.flatMap(([name, ...ports]) => ports.map((port) => [port, name] as const)));
}
