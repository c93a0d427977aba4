/** Connections as Zeek's conn.log tells them, and as our flow table does, in one comparable form. */
import { openCapture } from '../../src/capture/open-capture.ts';
import type { FlowRecord } from '../../src/contract/flow.ts';
import { PacketBatch } from '../../src/contract/packet-batch.ts';
import { FlowTable } from '../../src/core/flows/flow-table.ts';
import { PacketDecoder } from '../../src/core/wire/decoder.ts';

export interface Connection {
  /** `proto orig:port > resp:port`. */
  readonly who: string;
  /** `conn_state history orig_pkts/orig_ip_bytes resp_pkts/resp_ip_bytes`. */
  readonly what: string;
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  TCP: 'tcp',
  UDP: 'udp',
  ICMP: 'icmp',
  ICMPv6: 'icmp',
};

/** Time-outs as Zeek's defaults are. */
const ZEEK_TIMEOUTS = {
  embryonicSeconds: 5,
  tcpIdleSeconds: 300,
  datagramIdleSeconds: 60,
  closedSeconds: 5,
};

export function parseConnLog(text: string): Connection[] {
  const lines = text.split('\n');
  const fields = (lines.find((line) => line.startsWith('#fields\t')) ?? '').split('\t').slice(1);
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const cells = line.split('\t');
      const cell = (name: string) => cells[fields.indexOf(name)] ?? '-';
      return {
        who: `${cell('proto')} ${cell('id.orig_h')}:${cell('id.orig_p')} > ${cell('id.resp_h')}:${cell('id.resp_p')}`,
        what: `${cell('conn_state')} ${cell('history')} ${cell('orig_pkts')}/${cell('orig_ip_bytes')} ${cell('resp_pkts')}/${cell('resp_ip_bytes')}`,
      };
    });
}

/** The flows of a capture. The contract's flows have no IP lengths, so they are summed here from the packets. */
export async function ourConnections(path: string): Promise<Connection[]> {
  const flows: FlowRecord[] = [];
  const table = new FlowTable({
    sensorId: 'zeek',
    onEnd: (flow) => flows.push(flow),
    ...ZEEK_TIMEOUTS,
  });
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(1);
  const ipBytes = new Map<string, number>();
  const source = await openCapture(path);
  await source.run((frame) => {
    batch.clear();
    decoder.decode(frame, batch);
    const slot = table.observe(batch, 0);
    if (slot < 0) return;
    const fromOriginator = table.isFromOriginator;
    const flow = table.snapshot(slot);
    const sender = `${flow.id} ${fromOriginator ? flow.srcIp : flow.dstIp} ${fromOriginator ? flow.srcPort : flow.dstPort}`;
    ipBytes.set(sender, (ipBytes.get(sender) ?? 0) + (batch.ipBytes[0] ?? 0));
  });
  table.flush();
  const of = (flow: FlowRecord, ip: string, port: number) =>
    ipBytes.get(`${flow.id} ${ip} ${port}`) ?? 0;
  return flows.map((flow) => {
    const orig = of(flow, flow.srcIp, flow.srcPort);
    const resp = of(flow, flow.dstIp, flow.dstPort);
    const protocol = PROTOCOLS[flow.protocol];
    // Zeek has no ports of protocols that it does not know.
    const portOf = (port: number) => (protocol === undefined ? 0 : Math.max(0, port));
    return {
      who: `${protocol ?? 'unknown_transport'} ${flow.srcIp}:${portOf(flow.srcPort)} > ${flow.dstIp}:${portOf(flow.dstPort)}`,
      what: `${flow.connState} ${flow.history || '-'} ${flow.packetsFwd}/${orig} ${flow.packetsBwd}/${resp}`,
    };
  });
}
