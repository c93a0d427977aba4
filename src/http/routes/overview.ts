/** The figures of the first page, and the totals of the older system. */
import { z } from 'zod';
import { Overview, OverviewQuery } from '../../contract/api.ts';
import { overview } from '../../store/overview.ts';
import { trafficStats } from '../../store/traffic-stats.ts';
import { route } from '../route.ts';

export const getOverview = route({
  method: 'GET',
  path: '/api/v1/overview',
  access: 'viewer',
  summary: 'Traffic, alerts, blocks and lures of the last minutes',
  query: OverviewQuery,
  reply: Overview,
  handle: ({ services, query }) => overview(services.db, query.minutes),
});

/** Kept from the older system. */
export const getTrafficStats = route({
  method: 'GET',
  path: '/traffic-stats',
  access: 'viewer',
  summary: 'All packets, the malicious ones, and the last hour by minute',
  reply: z.object({
    total: z.number().int(),
    malicious: z.number().int(),
    history: z.array(
      z.object({
        timestamp: z.iso.datetime(),
        total_packets: z.number().int(),
        malicious_packets: z.number().int(),
      }),
    ),
  }),
  handle: async ({ services }) => {
    const { total, malicious, history } = await trafficStats(services.db);
    return { total, malicious, history: [...history] };
  },
});
