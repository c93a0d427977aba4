/** Stored packets: the list with filters, and the kept lists of the older system. */
import { z } from 'zod';
import { PacketPage, PacketQuery } from '../../contract/api.ts';
import { lastPackets, listPackets } from '../../store/packets.ts';
import { route } from '../route.ts';
import { PacketRows } from './packet-rows.ts';

const PacketList = z.object({ packets: PacketPage.shape.packets });

export const getPackets = route({
  method: 'GET',
  path: '/api/v1/packets',
  access: 'viewer',
  summary: 'Packets, newest first',
  query: PacketQuery,
  reply: PacketPage,
  handle: ({ services, query }) => listPackets(services.db, query),
});

export const getAllTraffic = route({
  method: 'GET',
  path: '/api/alltraffic',
  access: 'viewer',
  summary: 'Packets, newest first',
  query: PacketQuery,
  reply: PacketPage,
  handle: ({ services, query }) => listPackets(services.db, query),
});

export const getAnalyzeTraffic = route({
  method: 'GET',
  path: '/analyze-traffic',
  access: 'viewer',
  summary: 'The last 50 packets with the country of their source',
  reply: PacketList,
  handle: async ({ services }) => listOnly(await listPackets(services.db, { limit: 50 })),
});

export const getLast10 = route({
  method: 'GET',
  path: '/api/last10',
  access: 'viewer',
  summary: 'The last 10 packets',
  reply: PacketList,
  handle: async ({ services }) => listOnly(await listPackets(services.db, { limit: 10 })),
});

export const getLastRawPackets = route({
  method: 'GET',
  path: '/api/raw_packets/last/{count}',
  access: 'viewer',
  summary: 'The last packets with all their columns, newest first',
  params: z.object({ count: z.coerce.number().int().min(1).max(1000) }),
  reply: PacketRows,
  handle: async ({ services, params }) => ({
    packets: await lastPackets(services.db, params.count),
  }),
});

function listOnly({ packets }: PacketPage) {
  return { packets };
}
