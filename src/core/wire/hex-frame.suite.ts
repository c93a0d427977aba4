/** Frames for tests, written as hexadecimal with spaces where the fields end. */
import { PacketBatch } from '../../contract/packet-batch.ts';
import type { PacketRecord } from '../../contract/packet-record.ts';
import { PacketDecoder } from './decoder.ts';
import type { WireFrame } from './frame.ts';
import { ETHERNET } from './link-layer.ts';
import { toRecord } from './to-record.ts';

/** Ethernet, IPv4 without options 192.0.2.1 > 198.51.100.2; total length and protocol are filled in. */
export function ipv4Frame(protocol: number, payload: string, options: Ipv4Options = {}): string {
  const length = options.totalLength ?? 20 + bytesOf(payload).length;
  const dst = options.dst ?? 'c6336402';
  const fragment = options.fragment ?? '4000';
  return `${ETHERNET_IPV4} ${options.versionAndLength ?? '45'} 00 ${hex16(length)} 0001 ${fragment} 40 ${hex8(protocol)} 0000 c0000201 ${dst} ${payload}`;
}

export interface Ipv4Options {
  totalLength?: number;
  versionAndLength?: string;
  fragment?: string;
  dst?: string;
}

export const ETHERNET_IPV4 = '020000000002 020000000001 0800';
export const ETHERNET_IPV6 = '020000000002 020000000001 86dd';

/** 51000 > 443, seq 1, ack 2, window 64240, no options. */
export function tcp(flags: string, payload = '', ports = 'c738 01bb'): string {
  return `${ports} 00000001 00000002 50 ${flags} faf0 0000 0000 ${payload}`;
}

export function udp(payload: string, ports = 'c738 0035', length?: number): string {
  return `${ports} ${hex16(length ?? 8 + bytesOf(payload).length)} 0000 ${payload}`;
}

export function ascii(text: string): string {
  return [...text].map((char) => hex8(char.charCodeAt(0))).join('');
}

export function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  const pairs = hex.replaceAll(/\s/g, '').match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

export function viewOf(hex: string): DataView {
  return new DataView(bytesOf(hex).buffer);
}

/** The frame stands in the middle of a larger buffer, as it does in a capture. */
export function frameOf(hex: string | Uint8Array, changes: Partial<WireFrame> = {}): WireFrame {
  const frame = typeof hex === 'string' ? bytesOf(hex) : hex;
  const margin = 16;
  const bytes = new Uint8Array(frame.length + 2 * margin).fill(0xee);
  bytes.set(frame, margin);
  return {
    view: new DataView(bytes.buffer),
    bytes,
    start: margin,
    end: margin + frame.length,
    wireLength: frame.length,
    tsMicros: 1_700_000_000_123_456,
    linkType: ETHERNET,
    interface: 'eth0',
    ...changes,
  };
}

export function decodeRecord(
  hex: string | Uint8Array,
  changes: Partial<WireFrame> = {},
): PacketRecord {
  const batch = new PacketBatch(1);
  return toRecord(batch, new PacketDecoder().decode(frameOf(hex, changes), batch), null);
}

/** The batch with the frame as its only row. */
export function decodeRow(hex: string, changes: Partial<WireFrame> = {}): PacketBatch {
  const batch = new PacketBatch(1);
  new PacketDecoder().decode(frameOf(hex, changes), batch);
  return batch;
}

function hex8(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0');
}
