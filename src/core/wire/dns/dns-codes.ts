/** Names of the numbers in DNS messages, from IANA's registry of DNS parameters; what has no name here goes by its number (RFC 3597). */

export const DnsType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AFSDB: 18,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  TLSA: 52,
  CDS: 59,
  CDNSKEY: 60,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  URI: 256,
  CAA: 257,
} as const;

/** Types whose data is told by its length only. */
const OTHER_TYPES: Readonly<Record<string, number>> = {
  NULL: 10,
  WKS: 11,
  RP: 17,
  KEY: 25,
  LOC: 29,
  CERT: 37,
  NSEC3: 50,
  NSEC3PARAM: 51,
  SMIMEA: 53,
  HIP: 55,
  ZONEMD: 63,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
};

const TYPE_NAMES = new Map(
  [...Object.entries(DnsType), ...Object.entries(OTHER_TYPES)].map(([name, code]) => [code, name]),
);

const RCODES =
  'NOERROR FORMERR SERVFAIL NXDOMAIN NOTIMP REFUSED YXDOMAIN YXRRSET NXRRSET NOTAUTH NOTZONE DSOTYPENI'.split(
    ' ',
  );
const EXTENDED_RCODES = 'BADVERS BADKEY BADTIME BADMODE BADNAME BADALG BADTRUNC BADCOOKIE'.split(
  ' ',
);
const FIRST_EXTENDED_RCODE = 16;

const OPCODES = ['QUERY', 'IQUERY', 'STATUS', '', 'NOTIFY', 'UPDATE', 'DSO'];
const CLASSES = new Map([
  [1, 'IN'],
  [3, 'CH'],
  [4, 'HS'],
  [254, 'NONE'],
  [255, 'ANY'],
]);

export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

export function className(number: number): string {
  return CLASSES.get(number) ?? `CLASS${number}`;
}

export function rcodeName(rcode: number): string {
  return RCODES[rcode] ?? EXTENDED_RCODES[rcode - FIRST_EXTENDED_RCODE] ?? `RCODE${rcode}`;
}

export function opcodeName(opcode: number): string {
  return OPCODES[opcode] || `OPCODE${opcode}`;
}
