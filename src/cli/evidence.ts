/** `phantomnet evidence`: packets that a sensor on this machine still keeps, as a capture; no server is asked. */
import { PROTOCOLS } from '../contract/packet-batch.ts';
import { AppError } from '../errors.ts';
import type { PacketFilter } from '../sensor/evidence/packet-filter.ts';
import { readEvidence } from '../sensor/evidence/read-evidence.ts';
import { sensorsIn } from '../sensor/evidence/ring-folders.ts';
import { timeOf } from './time-of.ts';
import { writeStream } from './write-stream.ts';

export interface EvidenceWords {
  /** Folder above the rings. */
  readonly dir: string;
  /** Default: all sensors below the folder. */
  readonly sensor?: string;
  readonly host?: string;
  readonly port?: number;
  readonly protocol?: string;
  /** ISO 8601 or seconds since the epoch; both included. */
  readonly from?: string;
  readonly to?: string;
  readonly maxBytes: number;
  /** The file; `-` for standard output. */
  readonly write: string;
}

/** @throws AppError `not_found` where no such packet is kept, `usage` */
export async function evidence(words: EvidenceWords, err: NodeJS.WritableStream): Promise<void> {
  const { dir, sensor, maxBytes, write } = words;
  const filters = filtersOf(words);
  const sensors = sensor === undefined ? await sensorsIn(dir) : [sensor];
  if (sensors.length === 0)
    throw new AppError('not_found', `No packets are kept in ${dir}: give --dir the right folder`);
  const requests = sensors.map((sensorId) => ({ dir, sensorId, filters }));
  const capture = await readEvidence(requests, { maxBytes });
  try {
    const { packets, isCut } = capture;
    if (packets === 0) throw new AppError('not_found', `No such packet is kept in ${dir}`);
    await writeStream(write, capture.chunks(`${packets} packets kept by ${sensors.join(', ')}`));
    err.write(`${packets} packets${isCut ? ', the first of more: raise --max-bytes' : ''}\n`);
  } finally {
    await capture.close();
  }
}

/** As tcpdump's `host` and `port`: the address and the port may be of either end. */
function filtersOf({ host, port, protocol, from, to }: EvidenceWords): PacketFilter[] {
  const code = protocol === undefined ? null : protocolOf(protocol);
  const common = {
    ...{ fromMicros: timeOf(from) ?? 0, toMicros: timeOf(to) ?? Number.MAX_SAFE_INTEGER },
    ...{ srcIp: host ?? null, srcPort: port ?? null, dstIp: null, dstPort: null, protocol: code },
  };
  if (host === undefined || port === undefined) return [common];
  return [common, { ...common, srcPort: null, dstPort: port }];
}

function protocolOf(name: string): string {
  const found = PROTOCOLS.find((each) => each.toLowerCase() === name.toLowerCase());
  if (found) return found;
  throw new AppError('usage', `Cannot look for ${name}: it is none of ${PROTOCOLS.join(', ')}`);
}
