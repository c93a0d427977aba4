/** Counters for Prometheus. */
import { RawReply, route } from '../route.ts';

export const getMetrics = route({
  method: 'GET',
  path: '/metrics',
  access: 'viewer',
  summary: 'All counters in the Prometheus text format',
  reply: RawReply,
  produces: 'text/plain',
  async handle({ services, headers }) {
    const { registry } = services.metrics;
    headers.set('content-type', registry.contentType);
    headers.set('cache-control', 'no-store');
    return new Response(await registry.metrics(), { headers });
  },
});
