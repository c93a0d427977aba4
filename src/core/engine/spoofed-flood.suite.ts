/** A SYN flood on one service from sources made up one by one, and ordinary clients that go on working: for test and probe. */
import { type PacketBatch, Protocol } from '../../contract/packet-batch.ts';
import { mix32 } from '../flows/flow-hash.ts';
import { addPacket, type HandPacket } from '../flows/packet-rows.suite.ts';

export const FLOOD_TARGET = '192.0.2.80';
const START_S = 1_700_000_000;
const MAPPED_PREFIX = 0xffff;
const TARGET_WORD = 0xc0000250;

/** Writes the flood's packets `first`, `first` + 1 … until the batch is full or `end` is reached; returns the next. */
export function addSyns(batch: PacketBatch, first: number, end: number, perSecond: number): number {
  let i = first;
  for (; i < end && !batch.isFull; i++) {
    const row = batch.addRow(Math.floor((START_S + 10 + i / perSecond) * 1e6), 60);
    batch.ipVersion[row] = 4;
    batch.src[4 * row + 2] = MAPPED_PREFIX;
    // Unicast, and none that stands for this network.
    batch.src[4 * row + 3] = 0x0b000000 + (mix32(i) % 0xa0000000);
    batch.dst[4 * row + 2] = MAPPED_PREFIX;
    batch.dst[4 * row + 3] = TARGET_WORD;
    batch.protocol[row] = Protocol.TCP;
    batch.srcPort[row] = 1024 + (mix32(i ^ 0x5bd1e995) % 64_000);
    batch.dstPort[row] = 80;
    batch.tcpFlags[row] = 0x02;
    batch.seq[row] = mix32(i + 7);
    batch.tcpWindow[row] = 1024;
    batch.ttl[row] = 64;
    batch.payloadBytes[row] = 0;
    batch.srcMac[row] = 0x020000000001;
    batch.dstMac[row] = 0x020000000002;
  }
  return i;
}

/** Handshake and first data of client `number`, before the flood. */
export function openClient(number: number): HandPacket[] {
  const { there, back, t } = client(number, 0);
  return [
    { t, ...there, flags: 'S', seq: 100 },
    { t: t + 0.001, ...back, flags: 'SA', seq: 300, ack: 101 },
    { t: t + 0.002, ...there, flags: 'A', seq: 101, ack: 301 },
    { t: t + 0.003, ...there, flags: 'PA', seq: 101, ack: 301, len: 50 },
  ];
}

/** What the client sends next, `afterS` seconds after the flood's begin. */
export function goOn(number: number, afterS: number): HandPacket {
  const { there, t } = client(number, 10 + afterS);
  return { t, ...there, flags: 'PA', seq: 151, ack: 301, len: 50 };
}

export function addAll(batch: PacketBatch, packets: readonly HandPacket[]): void {
  for (const packet of packets) addPacket(batch, packet);
}

function client(number: number, afterS: number) {
  const src = `10.1.${number >> 8}.${number & 255}`;
  return {
    t: START_S + afterS + number / 1000,
    there: { src, dst: '192.0.2.10', sport: 50_000, dport: 443 },
    back: { src: '192.0.2.10', dst: src, sport: 443, dport: 50_000 },
  };
}
