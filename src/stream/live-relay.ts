/**
 * What workers have to tell the dashboards of all front ends: through the stream's servers, kept by nobody. An event
 * that is lost on the way is in the database all the same.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import type { LiveEvent } from '../contract/api.ts';

/** An alert with more evidence than this is not told, it is looked up. */
const MAX_EVENT_BYTES = 512 << 10;

const encoder = new TextEncoder();

/** Never throws. */
export function sendEvents(connection: NatsConnection, name: string): (event: LiveEvent) => void {
  return (event) => {
    const bytes = encoder.encode(JSON.stringify(event));
    if (bytes.length > MAX_EVENT_BYTES || connection.isClosed()) return;
    connection.publish(subjectOf(name), bytes);
  };
}

/** Until the connection closes. */
export function receiveEvents(
  connection: NatsConnection,
  name: string,
  onEvent: (event: LiveEvent) => void,
): void {
  connection.subscribe(subjectOf(name), {
    callback(error, message) {
      if (error === null) onEvent(message.json<LiveEvent>());
    },
  });
}

/** No stream takes it: theirs begin with a partition's number. */
function subjectOf(name: string): string {
  return `${name}.live`;
}
