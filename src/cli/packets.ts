/** `phantomnet packets FILE… [--json]`: captures decoded, one object or one line per packet. */
import { once } from 'node:events';
import { openCapture } from '../capture/open-capture.ts';
import { requireLinkType } from '../capture/require-link-type.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import type { PacketRecord } from '../contract/packet-record.ts';
import { PacketDecoder } from '../core/wire/decoder.ts';
import { toRecord } from '../core/wire/to-record.ts';
import { printable } from './printable.ts';

const BATCH_ROWS = 1024;

export interface PacketsOptions {
  json: boolean;
  out: NodeJS.WritableStream;
}

/**
 * Prints the packets of the files in order. When a file is damaged, the packets before the damage are printed
 * before the error is thrown; the files after it are not read.
 * @throws AppError what `openCapture` and its source throw.
 */
export async function packets(files: string[], { json, out }: PacketsOptions): Promise<void> {
  const format = json ? JSON.stringify : summaryOf;
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(BATCH_ROWS);
  for (const file of files) {
    const lines: string[] = [];
    const source = await openCapture(file);
    const flush = async () => {
      if (lines.length === 0) return;
      const text = `${lines.join('\n')}\n`;
      lines.length = 0;
      if (!out.write(text)) await once(out, 'drain');
    };
    try {
      await source.run(
        (frame) => {
          requireLinkType(frame, source);
          if (batch.isFull) batch.clear();
          lines.push(format(toRecord(batch, decoder.decode(frame, batch), null)));
        },
        { onChunk: flush },
      );
    } finally {
      await flush();
    }
  }
}

/** Time, endpoints, protocol, length, and the most telling of what the payload says. */
function summaryOf(packet: PacketRecord): string {
  const time = new Date((packet.timestamp ?? 0) * 1000).toISOString();
  const line = `${time} ${endpointsOf(packet)} ${packet.protocol} ${packet.length} B${detailOf(packet)}`;
  return printable(packet.anomaly === null ? line : `${line} !${packet.anomaly}`);
}

function endpointsOf(packet: PacketRecord): string {
  const src = packet.src_ip ?? packet.arp_psrc ?? packet.src_mac ?? '?';
  const dst = packet.dst_ip ?? packet.arp_pdst ?? packet.dst_mac ?? '?';
  return `${withPort(src, packet.src_port)} > ${withPort(dst, packet.dst_port)}`;
}

function withPort(address: string, port: number | null): string {
  if (port === null) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function detailOf(packet: PacketRecord): string {
  const parts: string[] = [];
  if (packet.tcp_flags !== null) parts.push(`[${packet.tcp_flags}]`);
  if (packet.icmp_type !== null) parts.push(`type ${packet.icmp_type} code ${packet.icmp_code}`);
  if (packet.arp_op !== null) parts.push(`op ${packet.arp_op} from ${packet.arp_hwsrc}`);
  if (packet.dns_qname !== null)
    parts.push(`${packet.dns_response ? 'answers' : 'asks'} ${packet.dns_qname || '.'}`);
  if (packet.http_method !== null)
    parts.push(`${packet.http_method} ${packet.http_host ?? ''}${packet.http_path}`);
  if (packet.http_status_code !== null) parts.push(`HTTP ${packet.http_status_code}`);
  if (packet.tls_sni !== null) parts.push(`TLS ${packet.tls_sni}`);
  return parts.map((part) => ` ${part}`).join('');
}
