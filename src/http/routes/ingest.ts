/**
 * Where sensors deliver: a compact batch (Arrow) with its place in the sensor's sequence, or a JSON
 * array of packet records. Either is stored whole or not at all.
 */
import { z } from 'zod';
import type { PacketBatch } from '../../contract/packet-batch.ts';
import { PacketInput } from '../../contract/packet-input.ts';
import { AppError } from '../../errors.ts';
import { BATCH_CONTENT_TYPE, decodeBatch } from '../../stream/batch-codec.ts';
import type { BatchMeta } from '../../stream/batch-meta.ts';
import { CLOCK_HEADER, parseClockNote } from '../../stream/clock-note.ts';
import { LOST_HEADER, lostPackets } from '../../stream/lost-note.ts';
import type { Caller } from '../auth/caller.ts';
import { hashSecret } from '../auth/secret.ts';
import { parseJson } from '../body.ts';
import { readRecords } from '../ingest/read-records.ts';
import { route } from '../route.ts';

const JSON_BYTES = 8 * 1024 * 1024;
const BATCH_BYTES = 16 * 1024 * 1024;

const Receipt = z.object({
  status: z.literal('success'),
  packets_received: z.number().int(),
  message: z.string(),
});

export const postIngestPackets = route({
  method: 'POST',
  path: '/ingest_packets',
  access: 'sensor',
  summary: 'Deliver packets: answered when they are stored',
  payload: {
    'application/json': { limitBytes: JSON_BYTES, schema: z.array(PacketInput) },
    [BATCH_CONTENT_TYPE]: { limitBytes: BATCH_BYTES },
  },
  reply: Receipt,
  async handle({ services, state, payload, caller, request, headers, receivedMs }) {
    const isJson = payload.mediaType === 'application/json';
    const format = isJson ? 'json' : 'arrow';
    const store = async (batch: PacketBatch, meta: BatchMeta, encoded?: Uint8Array) => {
      const rows = batch.length;
      const result = await services.ingest(batch, meta, encoded);
      services.metrics.ingestBatches.inc({ format, result });
      if (result === 'stored') services.metrics.ingestPackets.inc({ format }, rows);
      return receipt(rows, result);
    };
    if (!isJson) {
      const { batch, meta } = decodeBatch(payload.bytes);
      requireOwnName(caller, meta.sensorId);
      const note = parseClockNote(request.headers.get(CLOCK_HEADER));
      if (note) state.sensorClocks.note(meta.sensorId, note, receivedMs);
      const lostBefore = lostPackets(request.headers.get(LOST_HEADER));
      const place = lostBefore > 0 ? { ...meta, lostBefore } : meta;
      const answer = await store(batch, place, payload.bytes);
      if (note) headers.set(CLOCK_HEADER, `${receivedMs} ${Date.now()}`);
      return answer;
    }
    const batch = readRecords(parseJson(payload.bytes));
    const rows = batch.length;
    if (rows === 0) return receipt(0, 'stored');
    const sensorId = sensorIdOf(caller);
    const key = request.headers.get('idempotency-key');
    if (key === null) {
      const digest = hashSecret(payload.bytes);
      return state.recordSequences.run(sensorId, digest, (meta) => store(batch, meta));
    }
    let answer = receipt(rows, 'duplicate');
    await state.oncePerKey.run(sensorId, key, payload.bytes, async () => {
      answer = await state.recordSequences.runKeyed(sensorId, key, (meta) => store(batch, meta));
    });
    return answer;
  },
});

function receipt(packets: number, result: 'stored' | 'duplicate') {
  return {
    status: 'success' as const,
    packets_received: packets,
    message: result === 'stored' ? `${packets} packets stored` : 'Stored before, nothing changed',
  };
}

/** A sensor speaks for itself only: else it could use up another's sequence numbers. */
function requireOwnName(caller: Caller, sensorId: string): void {
  if (caller.via === 'key' && caller.role === 'sensor' && caller.name !== sensorId)
    throw new AppError(
      'forbidden',
      `Cannot take a batch of sensor ${sensorId}: the key belongs to ${caller.name}`,
    );
}

/** The key's name; a person who tries it out by hand is no sensor with a name. */
function sensorIdOf(caller: Caller): string {
  return caller.via === 'key' ? caller.name : 'api';
}
