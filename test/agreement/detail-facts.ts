/** Which facts of `app_detail` tshark tells too, and how either spells them. */
import { rcodeName } from '../../src/core/wire/dns/dns-codes.ts';
import { SMB1_COMMANDS, SMB2_COMMANDS } from '../../src/core/wire/protocols/smb-commands.ts';

type Detail = Record<string, unknown>;

export interface Fact {
  readonly name: string;
  /** `app_protocol`. */
  readonly protocols: readonly string[];
  /** What tshark calls the protocol in `frame.protocols`. */
  readonly layers: readonly string[];
  readonly field: string;
  /** Null: not to be compared. */
  readonly theirs: (values: readonly string[]) => string | null;
  readonly ours: (detail: Detail) => string | null;
}

interface DnsRecord {
  readonly type: string;
  readonly ttl: number;
  readonly data?: string;
}

const DNS = { protocols: ['dns', 'mdns', 'llmnr'], layers: ['dns', 'mdns', 'llmnr'] } as const;

/** Types of records and the field that holds what `word` of their data says. */
const DNS_DATA = [
  ['A', 'dns.a', 0],
  ['AAAA', 'dns.aaaa', 0],
  ['CNAME', 'dns.cname', 0],
  ['NS', 'dns.ns', 0],
  ['PTR', 'dns.ptr.domain_name', 0],
  ['MX', 'dns.mx.mail_exchange', 1],
  ['SRV', 'dns.srv.target', 3],
  ['SOA', 'dns.soa.serial_number', 2],
] as const;

export const FACTS: readonly Fact[] = [
  ...DNS_DATA.map(([type, field, word]) => ({
    ...DNS,
    ...{ name: `DNS ${type}`, field },
    theirs: (values: readonly string[]) => values.map(nameOf).join(' '),
    ours: (detail: Detail) =>
      recordsOf(detail)
        .filter((record) => record.type === type && record.data !== undefined)
        .map(({ data = '' }) => nameOf(word === 0 ? data : (data.split(' ')[word] ?? '')))
        .join(' '),
  })),
  {
    ...{ ...DNS, name: 'DNS TTL', field: 'dns.resp.ttl' },
    theirs: (values) => values.join(' '),
    ours: (detail) =>
      recordsOf(detail)
        .map(({ ttl }) => ttl)
        .join(' '),
  },
  {
    ...{ ...DNS, name: 'DNS TXT', field: 'dns.txt' },
    theirs: (values) => lettersOf(values.join('')),
    ours: (detail) =>
      lettersOf(
        recordsOf(detail)
          .filter(({ type }) => type === 'TXT')
          .map(({ data = '' }) => data.replaceAll('" "', '').replaceAll(/\\\d{3}/g, ''))
          .join(''),
      ),
  },
  {
    ...{ ...DNS, name: 'DNS id', field: 'dns.id' },
    theirs: ([id]) => `${Number(id)}`,
    ours: ({ id }) => textOf(id),
  },
  {
    ...{ ...DNS, name: 'DNS response code', field: 'dns.flags.rcode' },
    theirs: ([code]) => rcodeName(Number(code)),
    // tshark leaves out the bits that EDNS adds.
    ours: ({ rcode }) =>
      rcode === 'BADVERS' ? 'NOERROR' : rcode === 'BADCOOKIE' ? 'YXRRSET' : textOf(rcode),
  },
  {
    ...{ ...DNS, name: 'EDNS size', field: 'dns.rr.udp_payload_size' },
    theirs: ([size]) => `${Number(size)}`,
    ours: ({ edns }) => textOf((edns as { udp?: number } | undefined)?.udp),
  },
  {
    ...{ ...DNS, name: 'EDNS options', field: 'dns.opt.code' },
    theirs: (codes) => codes.map(Number).join(' '),
    ours: ({ edns }) => (edns as { options?: number[] } | undefined)?.options?.join(' ') ?? null,
  },
  {
    ...{ name: 'EDNS client subnet', protocols: ['dns'], layers: ['dns'] },
    field: 'dns.opt.client.addr4',
    theirs: ([address]) => address ?? null,
    ours: ({ edns }) =>
      (edns as { subnet?: string } | undefined)?.subnet?.replace(/\/\d+$/, '') ?? null,
  },
  {
    ...{ name: 'DHCP host name', protocols: ['dhcp'], layers: ['dhcp'] },
    field: 'dhcp.option.hostname',
    theirs: ([name]) => name ?? null,
    ours: ({ host_name }) => textOf(host_name),
  },
  {
    ...{ name: 'DHCP message type', protocols: ['dhcp'], layers: ['dhcp'] },
    field: 'dhcp.option.dhcp',
    theirs: ([type]) =>
      ['', 'discover', 'offer', 'request', 'decline', 'ack', 'nak', 'release', 'inform'][
        Number(type)
      ] ?? null,
    ours: ({ type }) => textOf(type),
  },
  {
    ...{ name: 'DHCPv6 message type', protocols: ['dhcpv6'], layers: ['dhcpv6'] },
    field: 'dhcpv6.msgtype',
    theirs: ([type]) =>
      [
        ...['', 'solicit', 'advertise', 'request', 'confirm', 'renew', 'rebind', 'reply'],
        ...['release', 'decline', 'reconfigure', 'information_request', 'relay_forward'],
        'relay_reply',
      ][Number(type)] ?? null,
    ours: ({ type }) => textOf(type),
  },
  {
    ...{ name: 'NTP mode', protocols: ['ntp'], layers: ['ntp'] },
    field: 'ntp.flags.mode',
    theirs: ([mode]) =>
      [
        ...['', 'symmetric_active', 'symmetric_passive', 'client', 'server', 'broadcast'],
        ...['control', 'private'],
      ][Number(mode)] ?? null,
    ours: ({ mode }) => textOf(mode),
  },
  {
    ...{ name: 'NTP stratum', protocols: ['ntp'], layers: ['ntp'], field: 'ntp.stratum' },
    theirs: ([stratum]) => `${Number(stratum)}`,
    ours: ({ stratum }) => textOf(stratum),
  },
  {
    ...{ name: 'TFTP file read', protocols: ['tftp'], layers: ['tftp'], field: 'tftp.source_file' },
    theirs: ([file]) => file ?? null,
    ours: ({ file }) => textOf(file),
  },
  {
    ...{ name: 'SNMP version', protocols: ['snmp'], layers: ['snmp'], field: 'snmp.version' },
    theirs: ([version]) => `${[1, 2, 0, 3][Number(version)]}`,
    ours: ({ version }) => textOf(version),
  },
  {
    ...{ name: 'SMB 1 command', protocols: ['smb'], layers: ['smb'], field: 'smb.cmd' },
    theirs: ([command]) => SMB1_COMMANDS.get(Number(command)) ?? `${Number(command)}`,
    ours: ({ command }) => textOf(command),
  },
  {
    ...{ name: 'SMB 2 command', protocols: ['smb'], layers: ['smb2'], field: 'smb2.cmd' },
    theirs: ([command]) => SMB2_COMMANDS[Number(command)] ?? `${Number(command)}`,
    ours: ({ command }) => textOf(command),
  },
  {
    ...{ name: 'SMB 2 status', protocols: ['smb'], layers: ['smb2'], field: 'smb2.nt_status' },
    theirs: ([status]) => status?.toLowerCase() ?? null,
    ours: ({ status }) => textOf(status),
  },
  {
    ...{ name: 'RDP user', protocols: ['rdp'], layers: ['rdp'], field: 'rdp.rt_cookie' },
    theirs: ([cookie]) =>
      cookie?.startsWith('Cookie: mstshash=') ? cookie.slice(17).trim() : null,
    ours: ({ user }) => textOf(user),
  },
];

function recordsOf(detail: Detail): DnsRecord[] {
  return [detail.answers, detail.authorities, detail.additionals].flatMap(
    (section) => (section ?? []) as DnsRecord[],
  );
}

function nameOf(text: string): string {
  return text === '<Root>' ? '.' : text.toLowerCase().replaceAll(/\\(\d{3}|.)|[^\x21-\x7e]/g, '?');
}

function lettersOf(text: string): string {
  return text.replaceAll(/[^0-9A-Za-z]/g, '');
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : `${value as string | number}`;
}
