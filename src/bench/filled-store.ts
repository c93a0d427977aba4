/**
 * A store as large as one asks for: the bundled demo's packets over and over, spread evenly over the last 24
 * hours, their addresses changed from round to round so that there are about as many as a large network has,
 * with a flow for each eighth packet, which names it, and roll-ups by the ingest itself. A hundredth more is 31 days old.
 */
import { openCapture } from '../capture/open-capture.ts';
import { ALERT_KIND_NAMES } from '../contract/alert-kinds.ts';
import { PacketVerdicts } from '../contract/analysis.ts';
import type { FlowRecord, Moments } from '../contract/flow.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import { PacketDecoder } from '../core/wire/decoder.ts';
import type { Database } from '../store/database.ts';
import { ingest } from '../store/ingest.ts';
import { makeBenchCapture } from './bench-capture.ts';

const BATCH_ROWS = 16_384;
const SPAN_MICROS = 24 * 3_600e6;
const OLD_MICROS = 31 * 86_400e6;
/** Of each batch, from its first row on. */
const MALICIOUS_SHARE = 0.03;
const ROWS_A_FLOW = 8;
const NO_MOMENTS: Moments = { mean: 0, std: 0, min: 0, max: 0 };

/** Returns the packets stored of the last 24 hours: a multiple of a batch. */
export async function fillStore(
  db: Database,
  packets: number,
  say: (line: string) => void,
): Promise<number> {
  const batches = await readBatches();
  const rounds = Math.ceil(packets / BATCH_ROWS);
  const end = Date.now() * 1000;
  const gap = SPAN_MICROS / (rounds * BATCH_ROWS);
  for (let round = 0; round < rounds; round++) {
    const batch = batches[round % batches.length] as PacketBatch;
    await store(db, batch, round, end - SPAN_MICROS + round * BATCH_ROWS * gap, gap);
    if (round % 100 === 99) say(`${(round + 1) * BATCH_ROWS} packets`);
  }
  for (let round = rounds; round < rounds + Math.ceil(rounds / 100); round++) {
    const batch = batches[round % batches.length] as PacketBatch;
    await store(db, batch, round, end - OLD_MICROS + (round - rounds) * BATCH_ROWS * gap, gap);
  }
  return rounds * BATCH_ROWS;
}

async function store(
  db: Database,
  packets: PacketBatch,
  round: number,
  startMicros: number,
  gapMicros: number,
): Promise<void> {
  const { length } = packets;
  for (let row = 0; row < length; row++) {
    packets.tsMicros[row] = Math.floor(startMicros + row * gapMicros);
    // The last but one octet: IPv6 addresses change in the same place.
    packets.src[4 * row + 3] = ((packets.src[4 * row + 3] as number) ^ ((round & 0xff) << 8)) >>> 0;
  }
  const verdicts = new PacketVerdicts(length);
  const malicious = Math.floor(length * MALICIOUS_SHARE);
  verdicts.threatScore.fill(0.05);
  verdicts.attackKind.fill(round % ALERT_KIND_NAMES.length, 0, malicious);
  verdicts.threatScore.fill(0.9, 0, malicious);
  for (let row = 0; row < length; row++)
    verdicts.flowId[row] = round * BATCH_ROWS + Math.floor(row / ROWS_A_FLOW);
  const flows = Array.from({ length: Math.floor(length / ROWS_A_FLOW) }, (_, index) =>
    flowOf(round * BATCH_ROWS + index, startMicros + index * ROWS_A_FLOW * gapMicros, round),
  );
  const place = { sensorId: 'bench', epoch: 'bench', sequence: round };
  await ingest(db, { ...place, packets, verdicts, flows, windows: [], alerts: [], blocks: [] });
}

function flowOf(id: number, lastSeenMicros: number, round: number): FlowRecord {
  const host = id % 250;
  return {
    ...{ id, sensorId: 'bench', firstSeenMicros: lastSeenMicros - 2e6, lastSeenMicros },
    ...{ srcIp: `10.0.${round & 0xff}.${host}`, dstIp: `192.0.2.${(id * 7) % 250}` },
    ...{ srcPort: 1024 + (id % 60_000), dstPort: 443, protocol: 'TCP' },
    ...{ srcMac: '02:00:00:00:00:01', dstMac: '02:00:00:00:00:02', vlan: null },
    ...{
      packetsFwd: 6,
      packetsBwd: 4,
      bytesFwd: 900,
      bytesBwd: 100,
      payloadFwd: 500,
      payloadBwd: 20,
    },
    ...{ tcpFlagsFwd: 0x1a, tcpFlagsBwd: 0x12, connState: id % 50 === 0 ? 'S0' : 'SF' },
    ...{ history: 'ShADadFf', endReason: 'closed', service: id % 20 === 0 ? 'ssh' : 'tls' },
    ...{ connectionAttempts: 1, isValidated: true, handshakeMicros: 1234, retransmissions: 0 },
    ...{ ttlFwd: 64, ttlBwd: 64, initialWindowFwd: 65_535, initialWindowBwd: 65_535 },
    ...{ lengthFwd: NO_MOMENTS, lengthBwd: NO_MOMENTS, gapFwd: NO_MOMENTS, gapBwd: NO_MOMENTS },
    ...{ firstPayloadEntropy: Number.NaN, tlsSni: 'www.example.org', ja4: null, hassh: null },
    ...{ communityId: `1:${id}`, verdict: null },
  } as FlowRecord;
}

async function readBatches(): Promise<PacketBatch[]> {
  const capture = await makeBenchCapture();
  const decoder = new PacketDecoder();
  const batches: PacketBatch[] = [new PacketBatch(BATCH_ROWS)];
  const source = await openCapture(capture.path);
  await source.run((frame) => {
    if (batches.at(-1)?.isFull) batches.push(new PacketBatch(BATCH_ROWS));
    decoder.decode(frame, batches.at(-1) as PacketBatch);
  });
  capture.remove();
  // The last one is not full, and all are to count alike.
  return batches.slice(0, -1);
}
