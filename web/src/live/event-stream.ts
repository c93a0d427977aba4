/**
 * The server's live events. EventSource resumes by itself with Last-Event-ID after a broken
 * connection; it gives up for good when the server refuses (signed out, restarting), so then we open
 * a new one from the last id we saw, later and later up to `MAX_DELAY_MS`.
 */
import { LiveEvent } from '../../../src/contract/api.ts';

const PATH = '/api/v1/events';
const TYPES = ['alert', 'decision', 'lure', 'traffic'] as const;
const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
/** The server ends every stream after some minutes to check the session: a resumption this quick is no loss. */
const GRACE_MS = 4_000;

/** `live`: events arrive as they happen. `reconnecting`: what is on screen may be out of date. */
export type ConnectionState = 'connecting' | 'live' | 'reconnecting';

export interface EventStreamHandlers {
  readonly onEvent: (event: LiveEvent) => void;
  readonly onState: (state: ConnectionState) => void;
  /** Events were missed for good: read everything anew. */
  readonly onGap: () => void;
  /** The server refused the stream: the session may have ended. */
  readonly onRefused: () => void;
}

/** Opens the stream; the result closes it. */
export function openEventStream(handlers: EventStreamHandlers): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let grace: ReturnType<typeof setTimeout> | undefined;
  let delayMs = FIRST_DELAY_MS;
  let wasLive = false;
  let lastId = '';

  const connect = () => {
    const opened = new EventSource(
      lastId ? `${PATH}?last_event_id=${encodeURIComponent(lastId)}` : PATH,
    );
    source = opened;
    opened.onopen = () => {
      clearTimeout(grace);
      grace = undefined;
      delayMs = FIRST_DELAY_MS;
      handlers.onState('live');
      // Without an id to resume from the server cannot know what we missed.
      if (wasLive && !lastId) handlers.onGap();
      wasLive = true;
    };
    opened.onerror = () => {
      grace ??= setTimeout(
        () => handlers.onState(wasLive ? 'reconnecting' : 'connecting'),
        GRACE_MS,
      );
      if (opened.readyState !== EventSource.CLOSED) return;
      handlers.onRefused();
      retry = setTimeout(connect, delayMs);
      delayMs = Math.min(delayMs * 2, MAX_DELAY_MS);
    };
    opened.addEventListener('gap', () => handlers.onGap());
    for (const type of TYPES)
      opened.addEventListener(type, (message) => {
        lastId = message.lastEventId;
        const event = parseLiveEvent(type, message.data);
        if (event) handlers.onEvent(event);
      });
  };

  connect();
  return () => {
    clearTimeout(retry);
    clearTimeout(grace);
    source?.close();
  };
}

/** Null for what does not follow the contract: an event of a newer server is skipped, not fatal. */
export function parseLiveEvent(type: string, data: string): LiveEvent | null {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    return null;
  }
  const parsed = LiveEvent.safeParse({ type, data: json });
  return parsed.success ? parsed.data : null;
}
