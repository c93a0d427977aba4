/** Kept from the older system: the figures of the overview, one at a time, and attacks over time. */
import { z } from 'zod';
import { ALERT_KIND_NAMES } from '../../contract/alert-kinds.ts';
import { Overview, OverviewQuery } from '../../contract/api.ts';
import { overview } from '../../store/overview.ts';
import { attackHistory } from '../attack-history.ts';
import { route } from '../route.ts';

const KEPT = { method: 'GET', access: 'viewer', query: OverviewQuery } as const;
const { top_sources, protocols, alert_types, traffic: _, ...totals } = Overview.shape;

export const getAnalyticsSummary = route({
  ...KEPT,
  path: '/api/analytics/summary',
  summary: 'Totals of the last minutes',
  reply: z.object(totals),
  async handle({ services, query }) {
    const {
      traffic: _,
      top_sources,
      protocols,
      alert_types,
      ...sums
    } = await overview(services.db, query.minutes);
    return sums;
  },
});

export const getAnalyticsAttacks = route({
  ...KEPT,
  path: '/api/analytics/attack-types',
  summary: 'Alerts by type, and the packets of each attack over time',
  reply: z.object({
    alert_types,
    history: z.array(
      z.object({
        at: z.iso.datetime(),
        attack_type: z.enum(ALERT_KIND_NAMES),
        packets: z.number().int(),
      }),
    ),
  }),
  async handle({ services, query }) {
    const [{ alert_types }, history] = await Promise.all([
      overview(services.db, query.minutes),
      attackHistory(services.db, query.minutes),
    ]);
    return { alert_types, history };
  },
});

export const getAnalyticsTopAttackers = route({
  ...KEPT,
  path: '/api/analytics/top-attackers',
  summary: 'The busiest sources with malicious packets, most malicious first',
  reply: z.object({ top_attackers: top_sources }),
  async handle({ services, query }) {
    const { top_sources } = await overview(services.db, query.minutes);
    const attackers = top_sources.filter(({ malicious }) => malicious > 0);
    return { top_attackers: attackers.sort((a, b) => b.malicious - a.malicious) };
  },
});

export const getAnalyticsProtocols = route({
  ...KEPT,
  path: '/api/analytics/protocols',
  summary: 'Packets by protocol',
  reply: z.object({ protocols }),
  handle: async ({ services, query }) => ({
    protocols: (await overview(services.db, query.minutes)).protocols,
  }),
});
