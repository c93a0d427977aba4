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
 *
 * Of a tunnelled packet the columns tell the innermost packet that could be read; `tunnel` and the outer
 * addresses tell what it came in. Link-layer columns are the frame's.
 */
import type { NumberArray } from './number-array.ts';

/** In the year 2255: up to there whole microseconds are exact in a float64, and so are its seconds as JSON has them. */
export const LAST_MICROS = 9_007_199_254e6;

/** Codes in the `protocol` column; the text that stands in the database and in JSON. */
export const PROTOCOLS = ['OTHER', 'TCP', 'UDP', 'ICMP', 'ICMPv6', 'ARP'] as const;
export const Protocol = { OTHER: 0, TCP: 1, UDP: 2, ICMP: 3, ICMPv6: 4, ARP: 5 } as const;

/** The IP protocol number that each code stands for; -1: not one alone. */
export const IP_PROTOCOL_NUMBERS = [-1, 6, 17, 1, 58, -1] as const;

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
  /** Not the first fragment: its ports are those of the first, they do not stand in the packet. */
  LATER_FRAGMENT: 1 << 11,
} as const;

/** A text column: row `i` holds `values[codes[i]]`, or null where the code is -1. */
export class TextColumn {
  readonly codes: Int32Array;
  readonly values: string[] = [];
  readonly #codeOf = new Map<string, number>();

  constructor(codes: Int32Array) {
    this.codes = codes;
  }

  set(row: number, value: string | null): void {
    this.codes[row] = value === null ? -1 : this.codeFor(value);
  }

  /** As `set`, for values that hardly ever come twice: an entry of its own, without looking for an older one. */
  append(row: number, value: string): void {
    this.codes[row] = this.values.push(value) - 1;
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

interface ColumnKind<Column> {
  new (length: number): Column;
  new (buffer: ArrayBufferLike): Column;
}

interface NumberColumn {
  readonly values: NumberArray;
  readonly nullValue: number;
  /** Values a row. */
  readonly width: number;
}

export class PacketBatch {
  readonly capacity: number;
  /** Rows in use. */
  length = 0;
  /** Packets the kernel dropped before the ones in this batch, since the batch before it. */
  kernelDrops = 0;

  /** Capture time, whole microseconds since the epoch, 0 to `LAST_MICROS`. */
  readonly tsMicros: Float64Array;
  readonly interface: TextColumn;
  /** 4, 6, or 0 where there is no IP header. */
  readonly ipVersion: Uint8Array;
  /** Four words a row; meaningful only where `ipVersion` is not 0. */
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  /** A `Protocol` code. */
  readonly protocol: Uint8Array;
  /** Protocol number of the IP payload, after extension headers; -1: no IP. */
  readonly ipProtocol: Int16Array;
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
  /** Bytes of the IP packet with its header, as the header says; where IPv4's says 0, to the end of the frame. -1: no IP. */
  readonly ipBytes: Int32Array;
  /** Bytes above the transport header by the IP length, whether captured or not; -1: no IP. */
  readonly payloadBytes: Int32Array;
  /** Shannon entropy of the captured payload, bits per byte, 0 to 8; NaN: no payload. */
  readonly payloadEntropy: Float32Array;
  /** Tunnels around the packet, outermost first, joined by `/` as in `gre/vxlan`; null: none. */
  readonly tunnel: TextColumn;
  /** IP version of the outermost header of a tunnelled packet; 0: no tunnel. */
  readonly outerIpVersion: Uint8Array;
  /** Four words a row; meaningful only where `outerIpVersion` is not 0. */
  readonly outerSrc: Uint32Array;
  readonly outerDst: Uint32Array;
  /** Name of the application protocol by content, see `core/wire/protocols.ts`. */
  readonly appProtocol: TextColumn;
  /** Facts of that protocol that have no column, a JSON object. */
  readonly appDetail: TextColumn;
  readonly tlsSni: TextColumn;
  readonly ja4: TextColumn;
  readonly hassh: TextColumn;
  readonly hasshServer: TextColumn;
  readonly httpUserAgent: TextColumn;
  /** Name of the malformation, see `core/wire/anomalies.ts`. */
  readonly anomaly: TextColumn;
  /** `AppEvent` bits. */
  readonly appEvents: Uint16Array;
  /** FTP or SMTP reply code; -1: null. */
  readonly appCode: Int16Array;
  readonly #memory: ArrayBufferLike[] = [];
  readonly #texts: readonly TextColumn[];
  readonly #numbers: readonly NumberColumn[];

  /** @param memory of another batch of this capacity, as its `memory` is: whatever is in it, is in this one */
  constructor(capacity: number, memory: readonly ArrayBufferLike[] | null = null) {
    this.capacity = capacity;
    const column = <Column extends NumberArray>(kind: ColumnKind<Column>, width = 1): Column => {
      const given = memory?.[this.#memory.length];
      const values = given === undefined ? new kind(width * capacity) : new kind(given);
      this.#memory.push(values.buffer);
      return values;
    };
    const text = () => new TextColumn(column(Int32Array));
    this.tsMicros = column(Float64Array);
    this.interface = text();
    this.ipVersion = column(Uint8Array);
    this.src = column(Uint32Array, 4);
    this.dst = column(Uint32Array, 4);
    this.protocol = column(Uint8Array);
    this.ipProtocol = column(Int16Array);
    this.wireLength = column(Uint32Array);
    this.srcPort = column(Int32Array);
    this.dstPort = column(Int32Array);
    this.tcpFlags = column(Int16Array);
    this.seq = column(Uint32Array);
    this.ack = column(Uint32Array);
    this.tcpWindow = column(Uint16Array);
    this.icmpType = column(Int16Array);
    this.icmpCode = column(Int16Array);
    this.arpOp = column(Int32Array);
    this.arpPsrc = column(Uint32Array);
    this.arpPdst = column(Uint32Array);
    this.arpHwsrc = column(Float64Array);
    this.arpHwdst = column(Float64Array);
    this.dnsQuery = column(Int8Array);
    this.dnsResponse = column(Int8Array);
    this.dnsQname = text();
    this.dnsQtype = column(Int32Array);
    this.dnsAnswerCount = column(Int32Array);
    this.dnsAnswerSize = column(Int32Array);
    this.httpMethod = text();
    this.httpPath = text();
    this.httpStatus = column(Int16Array);
    this.httpHost = text();
    this.srcMac = column(Float64Array);
    this.dstMac = column(Float64Array);
    this.vlan = column(Int16Array);
    this.ttl = column(Int16Array);
    this.ipBytes = column(Int32Array);
    this.payloadBytes = column(Int32Array);
    this.payloadEntropy = column(Float32Array);
    this.tunnel = text();
    this.outerIpVersion = column(Uint8Array);
    this.outerSrc = column(Uint32Array, 4);
    this.outerDst = column(Uint32Array, 4);
    this.appProtocol = text();
    this.appDetail = text();
    this.tlsSni = text();
    this.ja4 = text();
    this.hassh = text();
    this.hasshServer = text();
    this.httpUserAgent = text();
    this.anomaly = text();
    this.appEvents = column(Uint16Array);
    this.appCode = column(Int16Array);
    this.#texts = [
      this.interface,
      this.dnsQname,
      this.httpMethod,
      this.httpPath,
      this.httpHost,
      this.tunnel,
      this.appProtocol,
      this.appDetail,
      this.tlsSni,
      this.ja4,
      this.hassh,
      this.hasshServer,
      this.httpUserAgent,
      this.anomaly,
    ];
    this.#numbers = [
      { values: this.ipVersion, nullValue: 0, width: 1 },
      { values: this.src, nullValue: 0, width: 4 },
      { values: this.dst, nullValue: 0, width: 4 },
      { values: this.protocol, nullValue: 0, width: 1 },
      { values: this.ipProtocol, nullValue: -1, width: 1 },
      { values: this.srcPort, nullValue: -1, width: 1 },
      { values: this.dstPort, nullValue: -1, width: 1 },
      { values: this.tcpFlags, nullValue: -1, width: 1 },
      { values: this.seq, nullValue: 0, width: 1 },
      { values: this.ack, nullValue: 0, width: 1 },
      { values: this.tcpWindow, nullValue: 0, width: 1 },
      { values: this.icmpType, nullValue: -1, width: 1 },
      { values: this.icmpCode, nullValue: -1, width: 1 },
      { values: this.arpOp, nullValue: -1, width: 1 },
      { values: this.arpPsrc, nullValue: 0, width: 1 },
      { values: this.arpPdst, nullValue: 0, width: 1 },
      { values: this.arpHwsrc, nullValue: -1, width: 1 },
      { values: this.arpHwdst, nullValue: -1, width: 1 },
      { values: this.dnsQuery, nullValue: -1, width: 1 },
      { values: this.dnsResponse, nullValue: -1, width: 1 },
      { values: this.dnsQtype, nullValue: -1, width: 1 },
      { values: this.dnsAnswerCount, nullValue: -1, width: 1 },
      { values: this.dnsAnswerSize, nullValue: -1, width: 1 },
      { values: this.httpStatus, nullValue: -1, width: 1 },
      { values: this.srcMac, nullValue: -1, width: 1 },
      { values: this.dstMac, nullValue: -1, width: 1 },
      { values: this.vlan, nullValue: -1, width: 1 },
      { values: this.ttl, nullValue: -1, width: 1 },
      { values: this.ipBytes, nullValue: -1, width: 1 },
      { values: this.payloadBytes, nullValue: -1, width: 1 },
      { values: this.payloadEntropy, nullValue: Number.NaN, width: 1 },
      { values: this.outerIpVersion, nullValue: 0, width: 1 },
      { values: this.outerSrc, nullValue: 0, width: 4 },
      { values: this.outerDst, nullValue: 0, width: 4 },
      { values: this.appEvents, nullValue: 0, width: 1 },
      { values: this.appCode, nullValue: -1, width: 1 },
    ];
    if (memory === null) this.#setNull(capacity);
  }

  /** What holds the rows, in an order of its own: another thread's batch can be made of it; `length` and texts are each one's own. */
  get memory(): readonly ArrayBufferLike[] {
    return this.#memory;
  }

  get isFull(): boolean {
    return this.length === this.capacity;
  }

  /** Begins the next row with every column null and returns its index. The caller checks `isFull` first. */
  addRow(tsMicros: number, wireLength: number): number {
    const row = this.length++;
    this.tsMicros[row] = tsMicros;
    this.wireLength[row] = wireLength;
    return row;
  }

  /** Empties the batch; its memory stays. */
  clear(): void {
    this.#setNull(this.length);
    this.length = 0;
    this.kernelDrops = 0;
    for (const column of this.#texts) column.clear();
  }

  textColumns(): readonly TextColumn[] {
    return this.#texts;
  }

  /** Rows not in use are null in every column, so that a new row costs two stores; resetting many at once is cheap. */
  #setNull(rows: number): void {
    for (const { values, nullValue, width } of this.#numbers)
      values.fill(nullValue, 0, width * rows);
    for (const { codes } of this.#texts) codes.fill(-1, 0, rows);
  }
}
