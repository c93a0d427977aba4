/** Packets with all columns of the catalogue, as a reply. */
import { z } from 'zod';
import { PACKET_COLUMNS, VERDICT_COLUMNS } from '../../contract/packet-record.ts';

const columns = [...PACKET_COLUMNS, ...VERDICT_COLUMNS].map(({ name, sql, doc }) => {
  const type = sql === 'text' ? z.string() : sql === 'bool' ? z.boolean() : z.number();
  return [name, type.nullable().describe(doc)] as const;
});

export const PacketRows = z.object({ packets: z.array(z.object(Object.fromEntries(columns))) });
