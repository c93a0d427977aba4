/** JSON records to a packet batch; the first record that breaks the contract is named, and nothing is kept. */
import { PacketBatch } from '../../contract/packet-batch.ts';
import { PacketInput } from '../../contract/packet-input.ts';
import { appendRecord } from '../../core/wire/from-record.ts';
import { AppError } from '../../errors.ts';
import { InvalidRequest, invalidRequest } from '../invalid-request.ts';

const MAX_RECORDS = 50_000;

/** @throws AppError invalid_request with the pointer `#/<record>/<field>`, or too_large */
export function readRecords(body: unknown): PacketBatch {
  if (!Array.isArray(body))
    throw new InvalidRequest([{ pointer: '#', detail: 'Expected an array of packet records' }]);
  if (body.length > MAX_RECORDS)
    throw new AppError('too_large', `Cannot take ${body.length} records: at most ${MAX_RECORDS}`);
  const records = body.map((record: unknown, index) => {
    const result = PacketInput.safeParse(record);
    if (!result.success) throw invalidRequest('body', result.error, [index]);
    return result.data;
  });
  // Rows stand in capture order.
  records.sort((a, b) => a.timestamp - b.timestamp);
  const batch = new PacketBatch(records.length);
  for (const record of records) appendRecord(batch, record);
  return batch;
}
