/**
 * The unit that a sensor produces and everything behind it consumes: packets as columns.
 *
 * One typed array per numeric column, one dictionary per text column, allocated once for
 * `capacity` rows and reused: `clear()` keeps the memory. Row `i` of every column belongs to
 * packet `i`; rows stand in capture order. "Null" has one spelling per column, given below.
 *
 * Addresses are 128 bits as four big-endian words at `4 * row`; an IPv4 address a.b.c.d is
 * (0, 0, 0xffff, abcd), the IPv4-mapped form, so that one key width serves both versions.
 * MAC addresses are 48-bit integers in a float64.
 */

/** Codes in the `protocol` column; the text that stands in the database and in JSON. */
export const PROTOCOLS = ['OTHER', 'TCP', 'UDP', 'ICMP', 'ICMPv6', 'ARP'] as const;
export const Protocol = { OTHER: 0, TCP: 1, UDP: 2, ICMP: 3, ICMPv6: 4, ARP: 5 } as const;

/** What a payload was seen to be, as bits of the `appEvents` column. */
export const AppEvent = {
  /** A request line was read; the packet may or may not hold all of its headers. */
  HTTP_REQUEST: 1 << 0,
  /** The blank line that ends the headers of a request is in this packet. */
  HTTP_HEADERS_END: 1 << 1,
  HTTP_RESPONSE: 1 << 2,
  /** An `SSH-2.0-…` banner. */
  SSH_BANNER: 1 << 3,
  /** An FTP control command such as USER or PASS (destination port 21 or 2121). */
  FTP_COMMAND: 1 << 4,
  /** An FTP reply; its number is in `appCode`. */
  FTP_REPLY: 1 << 5,
  TLS_CLIENT_HELLO: 1 << 6,
  TLS_SERVER_HELLO: 1 << 7,
  SMTP_COMMAND: 1 << 8,
  /** An HTTP request that carries credentials: an Authorization header, or a POST to a log-in path. */
  HTTP_LOGIN: 1 << 9,
  /** More fragments follow, or the packet is not the first fragment. */
  IP_FRAGMENT: 1 << 10,
} as const;

/** A text column: row `i` holds `values[codes[i]]`, or null where the code is -1. */
export class TextColumn {
  readonly codes: Int32Array;
  readonly values: string[] = [];
  readonly #codeOf = new Map<string, number>();

  constructor(capacity: number) {
    this.codes = new Int32Array(capacity).fill(-1);
  }

  set(row: number, value: string | null): void {
    this.codes[row] = value === null ? -1 : this.codeFor(value);
  }

  /** The dictionary code of `value`, adding it when it is new. */
  codeFor(value: string): number {
    let code = this.#codeOf.get(value);
    if (code === undefined) {
      code = this.values.push(value) - 1;
      this.#codeOf.set(value, code);
    }
    return code;
  }

  get(row: number): string | null {
    const code = this.codes[row]!;
    return code < 0 ? null : this.values[code]!;
  }

  clear(): void {
    if (this.values.length === 0) return;
    this.values.length = 0;
    this.#codeOf.clear();
  }
}

export class PacketBatch {
  readonly capacity: number;
  /** Rows in use. */
  length = 0;
  /** Packets the kernel dropped before the ones in this batch, since the batch before it. */
  kernelDrops = 0;

  /** Capture time, whole microseconds since the epoch. */
  readonly tsMicros: Float64Array;
  readonly interface: TextColumn;
  /** 4, 6, or 0 where there is no IP header. */
  readonly ipVersion: Uint8Array;
  /** Four words a row; meaningful only where `ipVersion` is not 0. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  /** A `Protocol` code. */
  readonly protocol: Uint8Array;
  /** Bytes on the wire. */
  readonly wireLength: Uint32Array;
  /** -1: null. */
  readonly srcPort: Int32Array;
  readonly dstPort: Int32Array;
  /** The eight flag bits of the header, CWR ECE URG ACK PSH RST SYN FIN from high to low; -1: no TCP header. */
  readonly tcpFlags: Int16Array;
  /** Meaningful only where `tcpFlags` is not -1. */
  readonly seq: Uint32Array;
  readonly ack: Uint32Array;
  /** The unscaled receive window; meaningful only where `tcpFlags` is not -1. */
  readonly tcpWindow: Uint16Array;
  /** -1: null. */
  readonly icmpType: Int16Array;
  readonly icmpCode: Int16Array;
  readonly arpOp: Int32Array;
  /** IPv4 addresses; meaningful only where `arpOp` is not -1. */
  readonly arpPsrc: Uint32Array;
  readonly arpPdst: Uint32Array;
  /** MAC addresses; -1: null. */
  readonly arpHwsrc: Float64Array;
  readonly arpHwdst: Float64Array;
  /** 1 true, 0 false, -1 null (no DNS message). */
  readonly dnsQuery: Int8Array;
  readonly dnsResponse: Int8Array;
  readonly dnsQname: TextColumn;
  /** -1: null. */
  readonly dnsQtype: Int32Array;
  readonly dnsAnswerCount: Int32Array;
  readonly dnsAnswerSize: Int32Array;
  readonly httpMethod: TextColumn;
  readonly httpPath: TextColumn;
  /** -1: null. */
  readonly httpStatus: Int16Array;
  readonly httpHost: TextColumn;

  /** MAC addresses; -1: null. */
  readonly srcMac: Float64Array;
  readonly dstMac: Float64Array;
  /** The outermost VLAN id; -1: null. */
  readonly vlan: Int16Array;
  /** TTL or hop limit; -1: null. */
  readonly ttl: Int16Array;
  /** Bytes above the transport header by the IP length, whether captured or not; -1: no IP. */
  readonly payloadBytes: Int32Array;
  /** Shannon entropy of the captured payload, bits per byte, 0 to 8; NaN: no payload. */
  readonly payloadEntropy: Float32Array;
  readonly tlsSni: TextColumn;
  readonly ja4: TextColumn;
  readonly hassh: TextColumn;
  readonly httpUserAgent: TextColumn;
  /** Name of the malformation, see `core/wire/anomalies.ts`. */
  readonly anomaly: TextColumn;
  /** `AppEvent` bits. */
  readonly appEvents: Uint16Array;
  /** FTP or SMTP reply code; -1: null. */
  readonly appCode: Int16Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.tsMicros = new Float64Array(capacity);
    this.interface = new TextColumn(capacity);
    this.ipVersion = new Uint8Array(capacity);
    this.src = new Uint32Array(4 * capacity);
    this.dst = new Uint32Array(4 * capacity);
    this.protocol = new Uint8Array(capacity);
    this.wireLength = new Uint32Array(capacity);
    this.srcPort = new Int32Array(capacity);
    this.dstPort = new Int32Array(capacity);
    this.tcpFlags = new Int16Array(capacity);
    this.seq = new Uint32Array(capacity);
    this.ack = new Uint32Array(capacity);
    this.tcpWindow = new Uint16Array(capacity);
    this.icmpType = new Int16Array(capacity);
    this.icmpCode = new Int16Array(capacity);
    this.arpOp = new Int32Array(capacity);
    this.arpPsrc = new Uint32Array(capacity);
    this.arpPdst = new Uint32Array(capacity);
    this.arpHwsrc = new Float64Array(capacity);
    this.arpHwdst = new Float64Array(capacity);
    this.dnsQuery = new Int8Array(capacity);
    this.dnsResponse = new Int8Array(capacity);
    this.dnsQname = new TextColumn(capacity);
    this.dnsQtype = new Int32Array(capacity);
    this.dnsAnswerCount = new Int32Array(capacity);
    this.dnsAnswerSize = new Int32Array(capacity);
    this.httpMethod = new TextColumn(capacity);
    this.httpPath = new TextColumn(capacity);
    this.httpStatus = new Int16Array(capacity);
    this.httpHost = new TextColumn(capacity);
    this.srcMac = new Float64Array(capacity);
    this.dstMac = new Float64Array(capacity);
    this.vlan = new Int16Array(capacity);
    this.ttl = new Int16Array(capacity);
    this.payloadBytes = new Int32Array(capacity);
    this.payloadEntropy = new Float32Array(capacity);
    this.tlsSni = new TextColumn(capacity);
    this.ja4 = new TextColumn(capacity);
    this.hassh = new TextColumn(capacity);
    this.httpUserAgent = new TextColumn(capacity);
    this.anomaly = new TextColumn(capacity);
    this.appEvents = new Uint16Array(capacity);
    this.appCode = new Int16Array(capacity);
  }

  get isFull(): boolean {
    return this.length === this.capacity;
  }

  /** Begins the next row with every column null and returns its index. The caller checks `isFull` first. */
  addRow(tsMicros: number, wireLength: number): number {
    const row = this.length++;
    this.tsMicros[row] = tsMicros;
    this.wireLength[row] = wireLength;
    this.interface.codes[row] = -1;
    this.ipVersion[row] = 0;
    this.src.fill(0, 4 * row, 4 * row + 4);
    this.dst.fill(0, 4 * row, 4 * row + 4);
    this.protocol[row] = Protocol.OTHER;
    this.srcPort[row] = -1;
    this.dstPort[row] = -1;
    this.tcpFlags[row] = -1;
    this.seq[row] = 0;
    this.ack[row] = 0;
    this.tcpWindow[row] = 0;
    this.icmpType[row] = -1;
    this.icmpCode[row] = -1;
    this.arpOp[row] = -1;
    this.arpPsrc[row] = 0;
    this.arpPdst[row] = 0;
    this.arpHwsrc[row] = -1;
    this.arpHwdst[row] = -1;
    this.dnsQuery[row] = -1;
    this.dnsResponse[row] = -1;
    this.dnsQname.codes[row] = -1;
    this.dnsQtype[row] = -1;
    this.dnsAnswerCount[row] = -1;
    this.dnsAnswerSize[row] = -1;
    this.httpMethod.codes[row] = -1;
    this.httpPath.codes[row] = -1;
    this.httpStatus[row] = -1;
    this.httpHost.codes[row] = -1;
    this.srcMac[row] = -1;
    this.dstMac[row] = -1;
    this.vlan[row] = -1;
    this.ttl[row] = -1;
    this.payloadBytes[row] = -1;
    this.payloadEntropy[row] = Number.NaN;
    this.tlsSni.codes[row] = -1;
    this.ja4.codes[row] = -1;
    this.hassh.codes[row] = -1;
    this.httpUserAgent.codes[row] = -1;
    this.anomaly.codes[row] = -1;
    this.appEvents[row] = 0;
    this.appCode[row] = -1;
    return row;
  }

  /** Empties the batch; its memory stays. */
  clear(): void {
    this.length = 0;
    this.kernelDrops = 0;
    for (const column of this.textColumns()) column.clear();
  }

  textColumns(): TextColumn[] {
    return [
      this.interface,
      this.dnsQname,
      this.httpMethod,
      this.httpPath,
      this.httpHost,
      this.tlsSni,
      this.ja4,
      this.hassh,
      this.httpUserAgent,
      this.anomaly,
    ];
  }
}
