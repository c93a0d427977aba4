/** What every application reader owes, whatever the bytes; and how tests read one payload. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketBatch, Protocol } from '../../../contract/packet-batch.ts';
import { type AppProtocol, NOT_MINE } from '../app-protocol.ts';
import { AppRow, MAX_DETAIL_CHARS } from '../app-row.ts';
import { bytesOf } from '../hex-frame.suite.ts';
import { Span } from '../span.ts';

export interface PayloadOptions {
  transport?: 'tcp' | 'udp';
  srcPort?: number;
  dstPort?: number;
  /** Bytes that the capture left out at the end. */
  cutBytes?: number;
  readBefore?: number;
  isLast?: boolean;
}

export interface ReadPayload {
  answer: number;
  batch: PacketBatch;
  detail: unknown;
  anomaly: string | null;
}

/** The payload stands in the middle of a larger buffer, as it does in a capture. */
export function readPayload(
  protocol: AppProtocol,
  payload: string | Uint8Array,
  options: PayloadOptions = {},
): ReadPayload {
  const content = typeof payload === 'string' ? bytesOf(payload) : payload;
  const margin = 16;
  const bytes = new Uint8Array(content.length + 2 * margin).fill(0xee);
  bytes.set(content, margin);
  const span = new Span();
  span.bytes = bytes;
  span.view = new DataView(bytes.buffer);
  span.start = margin;
  span.wireEnd = margin + content.length;
  span.end = span.wireEnd - (options.cutBytes ?? 0);
  const transport = options.transport ?? (protocol.udpPorts ? 'udp' : 'tcp');
  const row = new AppRow();
  row.batch = new PacketBatch(1);
  row.row = row.batch.addRow(0, content.length);
  row.batch.protocol[row.row] = transport === 'tcp' ? Protocol.TCP : Protocol.UDP;
  row.srcPort = options.srcPort ?? 51_000;
  row.dstPort = options.dstPort ?? (protocol.udpPorts ?? protocol.tcpPorts ?? [443])[0]!;
  row.readBefore = options.readBefore ?? 0;
  row.isLast = options.isLast ?? true;
  const answer = protocol.createReader().read(span, row);
  const text = row.batch.appDetail.get(row.row);
  if (text !== null) expect(text.length).toBeLessThanOrEqual(MAX_DETAIL_CHARS);
  if (answer === NOT_MINE) expectUntouched(row.batch, row.row);
  const detail: unknown = text === null ? null : JSON.parse(text);
  return { answer, batch: row.batch, detail, anomaly: row.batch.anomaly.get(row.row) };
}

/** `samples`: payloads that the reader takes. */
export function appReaderSuite(
  protocol: AppProtocol,
  samples: readonly (string | Uint8Array)[],
  options: PayloadOptions = {},
): void {
  describe(`the reader of ${protocol.name}`, () => {
    const payloads = samples.map((sample) =>
      typeof sample === 'string' ? bytesOf(sample) : sample,
    );

    it('takes its messages', () => {
      for (const payload of payloads)
        expect(readPayload(protocol, payload, options).answer).not.toBe(NOT_MINE);
    });

    it('asks for no more bytes than there are of the last it is shown, and for more only of what can go on', () => {
      for (const payload of payloads)
        for (let length = 1; length < payload.length; length++) {
          const part = payload.subarray(0, length);
          const { answer } = readPayload(protocol, part, { ...options, isLast: false });
          if (answer > 0) expect(answer).toBeGreaterThan(length);
        }
    });

    it('reads messages cut at every byte', () => {
      for (const payload of payloads)
        for (let length = 1; length < payload.length; length++) {
          readPayload(protocol, payload.subarray(0, length), options);
          readPayload(protocol, payload, { ...options, cutBytes: payload.length - length });
        }
    });

    it('gives JSON within bounds and does not throw, whatever the bytes', () => {
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 1, maxLength: 1500 }),
          fc.boolean(),
          (tail, isTcp) => {
            readPayload(protocol, tail, { ...options, transport: isTcp ? 'tcp' : 'udp' });
          },
        ),
      );
    });

    it('gives JSON within bounds and does not throw, whatever bytes of a message are changed', () => {
      const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
      const tail = fc.uint8Array({ maxLength: 600 });
      fc.assert(
        fc.property(
          fc.constantFrom(...payloads),
          fc.array(change, { maxLength: 12 }),
          tail,
          (payload, changes, more) => {
            const bytes = Uint8Array.from([...payload, ...more]);
            for (const [at, value] of changes) bytes[at % bytes.length] = value;
            readPayload(protocol, bytes, options);
          },
        ),
        { numRuns: 500 },
      );
    });
  });
}

/** A payload that is not taken leaves the row as it was. */
function expectUntouched(batch: PacketBatch, row: number): void {
  for (const column of batch.textColumns()) expect(column.get(row)).toBe(null);
  expect([batch.appEvents[row], batch.appCode[row], batch.dnsQuery[row]]).toEqual([0, -1, -1]);
}
