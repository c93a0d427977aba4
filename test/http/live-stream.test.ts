/** Server-sent events over a real connection. */
import { describe, expect, it } from 'vitest';
import type { LiveEvent } from '../../src/contract/api.ts';
import { listen } from '../../src/http/listen.ts';
import { LiveEvents } from '../../src/http/live-events.ts';
import { withServer } from './harness.ts';

function traffic(packets: number): LiveEvent {
  return {
    type: 'traffic',
    data: { at: '2026-01-01T00:00:00Z', packets, malicious: 0, bytes: 0 },
  };
}

/** Reads until the text holds what is waited for. */
async function readUntil(response: Response, wanted: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes(wanted)) break;
  }
  return text;
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('GET /api/v1/events', () => {
  it('streams, and resumes where the connection broke', () =>
    withServer(async ({ app, keyOf, services }) => {
      const listener = await listen(app, { host: '127.0.0.1', port: 0 });
      const headers = { authorization: `Bearer ${await keyOf('viewer')}` };
      const url = `${listener.url}/api/v1/events`;
      try {
        const first = await fetch(url, { headers });
        expect(first.headers.get('content-type')).toContain('text/event-stream');
        services.live.publish(traffic(1));
        const seen = await readUntil(first, '"packets":1');
        const id = /^id: (\d+)$/m.exec(seen)?.[1] ?? '';
        await until(() => services.live.clients === 0);

        services.live.publish(traffic(2));
        const second = await fetch(url, { headers: { ...headers, 'last-event-id': id } });
        services.live.publish(traffic(3));
        const resumed = await readUntil(second, '"packets":3');
        expect(resumed.match(/"packets":\d/g)).toEqual(['"packets":2', '"packets":3']);
      } finally {
        services.live.close();
        await listener.stop();
      }
    }));

  it('drops a client that does not read, while the server goes on', () =>
    withServer(async ({ app, keyOf, services }) => {
      const listener = await listen(app, { host: '127.0.0.1', port: 0 });
      const headers = { authorization: `Bearer ${await keyOf('viewer')}` };
      try {
        const silent = await fetch(`${listener.url}/api/v1/events`, { headers });
        const event = traffic(1);
        const large = { ...event, data: { ...event.data, at: 'x'.repeat(200_000) } } as LiveEvent;
        for (let count = 0; count < 500 && services.live.dropped === 0; count++) {
          services.live.publish(large);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(services.live.dropped).toBe(1);
        expect(services.live.clients).toBe(0);
        await silent.body?.cancel();
        const health = await fetch(`${listener.url}/health`);
        expect(health.status).toBe(200);
      } finally {
        services.live.close();
        await listener.stop();
      }
    }));

  it('has a bounded number of places', () =>
    withServer(
      async ({ call, keyOf }) => {
        const key = await keyOf('viewer');
        const first = await call('GET', '/api/v1/events', { key });
        const second = await call('GET', '/api/v1/events', { key });
        expect([first.status, second.status]).toEqual([200, 503]);
        expect(second.headers.get('retry-after')).toBe('10');
        await first.body?.cancel();
        const third = await call('GET', '/api/v1/events', { key });
        expect(third.status).toBe(200);
        await third.body?.cancel();
      },
      { live: new LiveEvents({ maxClients: 1 }) },
    ));
});
