/** `phantomnet flows`: the conversations of capture files, as `traffic_data` JSON lines or as a table. */
import type { FlowRecord } from '../contract/flow.ts';
import { toFlowJson } from '../contract/flow-record.ts';
import { FlowTable } from '../core/flows/flow-table.ts';
import { printCaptures } from './capture-batches.ts';

export interface FlowsOptions {
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
}

/** Prints flows in the order in which they end. @throws AppError the first damage, after everything readable. */
export async function flows(files: readonly string[], { json, out }: FlowsOptions): Promise<void> {
  await printCaptures(files, out, json ? null : HEADER, (print) => {
    const table = new FlowTable({
      sensorId: 'local',
      onEnd: (flow) => print(json ? JSON.stringify(toFlowJson(flow)) : readable(flow)),
    });
    return {
      batch: (batch) => {
        for (let row = 0; row < batch.length; row++) table.observe(batch, row);
      },
      end: () => table.flush(),
    };
  });
}

const HEADER = line(
  'first seen (UTC)',
  'proto',
  'originator',
  'responder',
  'service',
  'state',
  'history',
  'packets',
  'bytes',
  'seconds',
);

function readable(flow: FlowRecord): string {
  return line(
    new Date(flow.firstSeenMicros / 1000).toISOString().slice(0, 23).replace('T', ' '),
    flow.protocol,
    endpoint(flow.srcIp, flow.srcPort),
    endpoint(flow.dstIp, flow.dstPort),
    flow.service ?? '-',
    flow.connState,
    flow.history || '-',
    `${flow.packetsFwd}/${flow.packetsBwd}`,
    `${flow.bytesFwd}/${flow.bytesBwd}`,
    ((flow.lastSeenMicros - flow.firstSeenMicros) / 1e6).toFixed(3),
  );
}

function endpoint(ip: string, port: number): string {
  if (port < 0) return ip;
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function line(
  at: string,
  protocol: string,
  from: string,
  to: string,
  service: string,
  state: string,
  history: string,
  packets: string,
  bytes: string,
  seconds: string,
): string {
  return `${at.padEnd(24)}${protocol.padEnd(7)}${from.padEnd(22)} ${to.padEnd(22)} ${service.padEnd(10)}${state.padEnd(7)}${history.padEnd(12)} ${packets.padStart(11)} ${bytes.padStart(17)} ${seconds.padStart(9)}`;
}
