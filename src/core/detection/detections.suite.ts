/** Runs traffic written by hand through the whole analysis, for the tests of the detectors. */
import type { Alert } from '../../contract/alert.ts';
import { Analysis } from '../engine/analysis.ts';
import { batchOf, type HandArp, type HandPacket } from '../flows/packet-rows.suite.ts';

export type Hand = HandPacket | HandArp;

/** The alerts that the packets raise, detectors alone, in their final state. */
export function alertsOf(packets: readonly Hand[]): Alert[] {
  const analysis = new Analysis({ sensorId: 's', judge: null });
  analysis.push(batchOf([...packets].sort((a, b) => a.t - b.t)));
  analysis.finish();
  return analysis.take().alerts as Alert[];
}

/** A whole TCP conversation: handshake, one payload each way, both FINs; 10 ms long. */
export function conversation(
  t: number,
  src: string,
  dst: string,
  dport: number,
  sport: number,
  more: Partial<HandPacket> = {},
): HandPacket[] {
  const there = { src, dst, sport, dport };
  const back = { src: dst, dst: src, sport: dport, dport: sport };
  const { len = 100 } = more;
  return [
    { t, ...there, flags: 'S', seq: 100 },
    { t: t + 0.001, ...back, flags: 'SA', seq: 300, ack: 101 },
    { t: t + 0.002, ...there, flags: 'A', seq: 101, ack: 301 },
    { t: t + 0.003, ...there, ...more, flags: 'PA', seq: 101, ack: 301, len },
    { t: t + 0.004, ...back, flags: 'PA', seq: 301, ack: 101 + len, len: 200 },
    { t: t + 0.005, ...there, flags: 'FA', seq: 101 + len, ack: 501 },
    { t: t + 0.006, ...back, flags: 'FA', seq: 501, ack: 102 + len },
    { t: t + 0.007, ...there, flags: 'A', seq: 102 + len, ack: 502 },
  ];
}

/** `count` items made by index. */
export function times<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
