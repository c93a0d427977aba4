/** The live stream: alerts, decisions, lure events and traffic as they happen. */
import { z } from 'zod';
import { AppError } from '../../errors.ts';
import type { EventSink } from '../live-events.ts';
import { RawReply, route } from '../route.ts';

export const getLiveEvents = route({
  method: 'GET',
  path: '/api/v1/events',
  access: 'viewer',
  summary:
    'Server-sent events of type alert, decision, lure and traffic; Last-Event-ID resumes, `gap` says that something was missed',
  /** For clients that cannot set the header. */
  query: z.object({ last_event_id: z.string().max(20).optional() }),
  reply: RawReply,
  produces: 'text/event-stream',
  async handle({ services, query, request, headers }) {
    const lastEventId = request.headers.get('last-event-id') ?? query.last_event_id;
    let leave: (() => void) | null = null;
    const stream = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          leave = services.live.subscribe(sinkOf(controller), lastEventId);
        },
        cancel() {
          leave?.();
        },
      },
      // The backlog is `LiveEvents`' business: with a mark of 0, the negative of desiredSize is what waits.
      new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
    );
    if (leave === null) {
      headers.set('retry-after', '10');
      throw new AppError('overloaded', 'Cannot open one more live stream: all places are taken');
    }
    headers.set('content-type', 'text/event-stream; charset=utf-8');
    headers.set('cache-control', 'no-store');
    headers.set('x-accel-buffering', 'no');
    return new Response(stream, { headers });
  },
});

function sinkOf(controller: ReadableStreamDefaultController<Uint8Array>): EventSink {
  return {
    write: (bytes) => controller.enqueue(bytes),
    backlogBytes: () => -(controller.desiredSize ?? 0),
    end: () => controller.close(),
  };
}
