/**
 * What a payload says: reads DNS, HTTP, TLS, SSH, FTP and SMTP out of one segment or datagram and fills
 * the row's text and event columns. Each packet stands alone; nothing is reassembled.
 */
import { AppEvent, type PacketBatch } from '../../contract/packet-batch.ts';
import { nameAnomaly } from './anomalies.ts';
import { DnsMessage } from './dns.ts';
import { HttpMessage, MAX_PATH_CHARS } from './http.ts';
import { isCommandLine, isSshBanner, readReplyCode } from './line-protocols.ts';
import type { Span } from './span.ts';
import { TextReader } from './text-reader.ts';
import { TlsHello } from './tls.ts';

const DNS = 53;
const MDNS = 5353;
const LLMNR = 5355;
const SSDP = 1900;
/** tshark's list; on these a request line needs no version. */
const HTTP_PORTS = new Set([
  80, 631, 1900, 2710, 2869, 3128, 3132, 3689, 5985, 8000, 8008, 8080, 8088, 11371,
]);
const DNS_LENGTH_BYTES = 2;
const TLS_HANDSHAKE = 22;
const CR = 0x0d;
const LF = 0x0a;

/** Paths that a POST logs in at; "auth" but not "author" (though "authorize"). */
const LOGIN_PATH = /log-?[io]n|sign-?in|session|auth(?!or(?!i))/i;

export class ApplicationReader {
  readonly #text = new TextReader();
  readonly #dns = new DnsMessage();
  readonly #http = new HttpMessage();
  readonly #tls = new TlsHello();

  /** `payload`: all above the UDP header. */
  readDatagram(batch: PacketBatch, row: number, payload: Span): void {
    const { bytes, start, end, wireEnd } = payload;
    const srcPort = batch.srcPort[row]!;
    const dstPort = batch.dstPort[row]!;
    if (isDnsPort(dstPort) || isDnsPort(srcPort)) {
      this.#readDns(batch, row, payload.view, start, end, wireEnd, wireEnd - start);
    } else if (dstPort === SSDP || srcPort === SSDP) {
      // HTTP over UDP: the columns are worth having, but it opens no request that a server waits for.
      if (this.#http.at(bytes, start, end, true)) this.#takeHttp(batch, row, bytes);
    }
  }

  /** `payload`: all above the TCP header, at least one byte of it captured. */
  readSegment(batch: PacketBatch, row: number, payload: Span): void {
    const { view, bytes, start, end } = payload;
    const srcPort = batch.srcPort[row]!;
    const dstPort = batch.dstPort[row]!;
    if (dstPort === DNS || srcPort === DNS) {
      if (end - start > DNS_LENGTH_BYTES) this.#readDnsStream(batch, row, payload);
      return;
    }
    const first = bytes[start]!;
    if (first === TLS_HANDSHAKE) {
      if (this.#tls.at(view, start, end)) this.#takeTls(batch, row, bytes);
      return;
    }
    if ((first >= 0x41 && first <= 0x5a) || first === CR) {
      const isHttpPort = HTTP_PORTS.has(dstPort) || HTTP_PORTS.has(srcPort);
      if (this.#http.at(bytes, start, end, isHttpPort)) {
        this.#takeHttp(batch, row, bytes);
        this.#noteHttp(batch, row);
        return;
      }
      if (isSshBanner(bytes, start, end)) {
        batch.appEvents[row]! |= AppEvent.SSH_BANNER;
        return;
      }
    }
    if (isFtpPort(dstPort) || isFtpPort(srcPort)) readFtp(batch, row, bytes, start, end);
    else if (isSmtpPort(dstPort) || isSmtpPort(srcPort)) readSmtp(batch, row, bytes, start, end);
    else if (endsHeaders(bytes, start, end)) batch.appEvents[row]! |= AppEvent.HTTP_HEADERS_END;
  }

  #readDnsStream(batch: PacketBatch, row: number, { view, start, end, wireEnd }: Span): void {
    const messageBytes = view.getUint16(start);
    const message = start + DNS_LENGTH_BYTES;
    const messageEnd = message + messageBytes;
    // A message may go on in the next segment: what of it is not here was cut, not left out.
    const sentEnd = Math.max(messageEnd, wireEnd);
    this.#readDns(batch, row, view, message, Math.min(end, messageEnd), sentEnd, messageBytes);
  }

  #readDns(
    batch: PacketBatch,
    row: number,
    view: DataView,
    start: number,
    end: number,
    wireEnd: number,
    messageBytes: number,
  ): void {
    const dns = this.#dns;
    if (dns.at(view, start, end, wireEnd)) {
      batch.dnsQuery[row] = dns.isResponse ? 0 : 1;
      batch.dnsResponse[row] = dns.isResponse ? 1 : 0;
      if (dns.nameLength >= 0) {
        batch.dnsQname.set(row, this.#text.read(dns.nameBytes, 0, dns.nameLength));
        batch.dnsQtype[row] = dns.qtype;
      }
      if (dns.isResponse) {
        if (!dns.isUpdate) batch.dnsAnswerCount[row] = dns.answerCount;
        batch.dnsAnswerSize[row] = messageBytes;
      }
    }
    if (dns.isMalformed) nameAnomaly(batch, row, 'dns_malformed');
  }

  #takeHttp(batch: PacketBatch, row: number, bytes: Uint8Array): void {
    const http = this.#http;
    if (http.isRequest) {
      const pathEnd = Math.min(http.pathEnd, http.pathStart + MAX_PATH_CHARS);
      batch.httpMethod.set(row, this.#text.read(bytes, http.methodStart, http.methodEnd));
      batch.httpPath.set(row, this.#text.read(bytes, http.pathStart, pathEnd));
      if (http.hostStart >= 0)
        batch.httpHost.set(row, this.#text.read(bytes, http.hostStart, http.hostEnd));
      if (http.userAgentStart >= 0)
        batch.httpUserAgent.set(
          row,
          this.#text.read(bytes, http.userAgentStart, http.userAgentEnd),
        );
    } else {
      batch.httpStatus[row] = http.status;
    }
  }

  #noteHttp(batch: PacketBatch, row: number): void {
    const http = this.#http;
    if (!http.isRequest) {
      batch.appEvents[row]! |= AppEvent.HTTP_RESPONSE;
      return;
    }
    let events: number = AppEvent.HTTP_REQUEST;
    if (http.hasHeadersEnd) events |= AppEvent.HTTP_HEADERS_END;
    if (http.hasAuthorization || isLogin(batch.httpMethod.get(row), batch.httpPath.get(row)))
      events |= AppEvent.HTTP_LOGIN;
    batch.appEvents[row]! |= events;
  }

  #takeTls(batch: PacketBatch, row: number, bytes: Uint8Array): void {
    const tls = this.#tls;
    batch.appEvents[row]! |= tls.isClient ? AppEvent.TLS_CLIENT_HELLO : AppEvent.TLS_SERVER_HELLO;
    if (tls.sniStart >= 0) batch.tlsSni.set(row, this.#text.read(bytes, tls.sniStart, tls.sniEnd));
  }
}

/** A POST to a path that looks like a log-in; records that come as JSON are judged by it too. */
export function isLogin(method: string | null, path: string | null): boolean {
  return method === 'POST' && path !== null && LOGIN_PATH.test(path);
}

function readFtp(
  batch: PacketBatch,
  row: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (isFtpPort(batch.dstPort[row]!)) {
    if (isCommandLine(bytes, start, end)) batch.appEvents[row]! |= AppEvent.FTP_COMMAND;
    return;
  }
  const code = readReplyCode(bytes, start, end);
  if (code < 0) return;
  batch.appEvents[row]! |= AppEvent.FTP_REPLY;
  batch.appCode[row] = code;
}

function readSmtp(
  batch: PacketBatch,
  row: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (isSmtpPort(batch.dstPort[row]!)) {
    if (isCommandLine(bytes, start, end)) batch.appEvents[row]! |= AppEvent.SMTP_COMMAND;
  } else {
    batch.appCode[row] = readReplyCode(bytes, start, end);
  }
}

/** The rest of a request's headers, when they came in several segments: a text that ends in a blank line. */
function endsHeaders(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 2 || bytes[end - 1] !== LF || bytes[end - 2] !== CR) return false;
  if (end - start === 2) return true;
  const isText = bytes[start]! >= 0x20 && bytes[start]! < 0x7f;
  const opensWithEnd = bytes[start] === CR && bytes[start + 1] === LF;
  return (
    (isText || opensWithEnd) && end - start >= 4 && bytes[end - 3] === LF && bytes[end - 4] === CR
  );
}

function isDnsPort(port: number): boolean {
  return port === DNS || port === MDNS || port === LLMNR;
}

function isFtpPort(port: number): boolean {
  return port === 21 || port === 2121;
}

function isSmtpPort(port: number): boolean {
  return port === 25 || port === 587;
}
