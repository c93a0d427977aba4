/**
 * What happens, told to every open dashboard as server-sent events.
 *
 * A ring of the newest events lets a client that lost its connection resume with `Last-Event-ID`.
 * Ids grow, also over restarts: they begin at the start time in µs. A client whose id is no longer in the
 * ring gets an event `gap` first and should load its pages anew. A client that reads too slowly is
 * dropped and counted: it reconnects and resumes. Nothing here waits for a client.
 */
import type { LiveEvent } from '../contract/api.ts';

export interface LiveEventsOptions {
  /** Events kept for resuming. */
  readonly ringEvents: number;
  /** Their bytes, at most; an alert with its evidence may be large. */
  readonly ringBytes: number;
  readonly maxClients: number;
  /** Bytes that wait for one client, at most. */
  readonly backlogBytes: number;
  readonly heartbeatMs: number;
  /** After this long a stream ends and the client, reconnecting, has to show its credentials again. */
  readonly maxStreamMs: number;
}

const DEFAULTS: LiveEventsOptions = {
  ringEvents: 1000,
  ringBytes: 8 * 1024 * 1024,
  maxClients: 64,
  backlogBytes: 1024 * 1024,
  heartbeatMs: 15_000,
  maxStreamMs: 5 * 60_000,
};

/** Where a client's connection goes; `backlogBytes` is what it has not read yet. */
export interface EventSink {
  write(bytes: Uint8Array): void;
  backlogBytes(): number;
  end(): void;
}

interface Entry {
  readonly id: number;
  readonly bytes: Uint8Array;
}

interface Client {
  readonly sink: EventSink;
  readonly sinceMs: number;
}

const encoder = new TextEncoder();

export class LiveEvents {
  readonly #options: LiveEventsOptions;
  readonly #ring: Entry[] = [];
  readonly #clients = new Set<Client>();
  #ringBytes = 0;
  /** Of the newest event. */
  #lastId = Date.now() * 1000;
  #heartbeat: NodeJS.Timeout | undefined;
  #isClosed = false;
  published = 0;
  /** Clients dropped because they read too slowly. */
  dropped = 0;
  /** Clients turned away because `maxClients` were there. */
  refused = 0;

  constructor(options: Partial<LiveEventsOptions> = {}) {
    this.#options = { ...DEFAULTS, ...options };
  }

  get clients(): number {
    return this.#clients.size;
  }

  publish(event: LiveEvent): void {
    const id = ++this.#lastId;
    this.published++;
    const text = `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event.data)}\n\n`;
    const bytes = encoder.encode(text);
    this.#ring.push({ id, bytes });
    this.#ringBytes += bytes.byteLength;
    while (
      this.#ring.length > this.#options.ringEvents ||
      this.#ringBytes > this.#options.ringBytes
    )
      this.#ringBytes -= this.#ring.shift()?.bytes.byteLength ?? 0;
    for (const client of this.#clients) this.#send(client, bytes);
  }

  /**
   * Adds a client, after what it missed since `lastEventId` (absent: nothing). Returns how to take it
   * away again, or null where there is no room.
   */
  subscribe(sink: EventSink, lastEventId?: string): (() => void) | null {
    if (this.#isClosed || this.#clients.size >= this.#options.maxClients) {
      this.refused++;
      return null;
    }
    const client: Client = { sink, sinceMs: Date.now() };
    this.#clients.add(client);
    this.#heartbeat ??= setInterval(() => this.#beat(), this.#options.heartbeatMs).unref();
    this.#send(client, encoder.encode(': welcome\nretry: 2000\n\n'));
    if (lastEventId !== undefined) this.#resume(client, lastEventId);
    return () => this.#remove(client);
  }

  /** Ends every stream; no client is taken from now on. */
  close(): void {
    this.#isClosed = true;
    for (const client of this.#clients) this.#end(client);
  }

  #resume(client: Client, lastEventId: string): void {
    const seen = Number(lastEventId);
    const isKnown = /^\d{1,16}$/.test(lastEventId) && seen <= this.#lastId;
    const oldest = this.#ring[0]?.id ?? this.#lastId + 1;
    if (!isKnown || seen < oldest - 1)
      this.#send(client, encoder.encode('event: gap\ndata: {"missed":true}\n\n'));
    for (const { id, bytes } of this.#ring) if (!isKnown || id > seen) this.#send(client, bytes);
  }

  #beat(): void {
    const nowMs = Date.now();
    const bytes = encoder.encode(': still here\n\n');
    for (const client of this.#clients)
      if (nowMs - client.sinceMs >= this.#options.maxStreamMs) this.#end(client);
      else this.#send(client, bytes);
  }

  #send(client: Client, bytes: Uint8Array): void {
    if (!this.#clients.has(client)) return;
    if (client.sink.backlogBytes() + bytes.byteLength > this.#options.backlogBytes) {
      this.dropped++;
      this.#end(client);
      return;
    }
    client.sink.write(bytes);
  }

  #end(client: Client): void {
    this.#remove(client);
    client.sink.end();
  }

  #remove(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}
