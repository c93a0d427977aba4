/**
 * The stream of many machines: NATS JetStream, one stream a partition, one subject a sensor.
 *
 * A push is answered when the replicas have it; its message id is the batch's key, so that what is pushed again
 * within the duplicate window is there once. It is read in order, from a position that whoever reads
 * keeps beside what it made of it. Nothing leaves by age: a full stream takes no more, until what is
 * not needed any more is trimmed. So sensors' spools hold what the stream cannot.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { headers, type NatsConnection, nanos } from '@nats-io/transport-node';
import type { PacketBatch } from '../contract/packet-batch.ts';
import { AppError } from '../errors.ts';
import { decodeBatch, encodeBatch } from './batch-codec.ts';
import { type BatchMeta, batchKey } from './batch-meta.ts';
import type { BatchStream, Delivery, Reading, StoreResult } from './batch-stream.ts';
import { LOST_HEADER, lostPackets } from './lost-note.ts';
import { PARTITIONS, partitionOf } from './partition.ts';

/** A batch of 16 MiB, which is what the server takes, with its headers. */
const MIN_PAYLOAD_BYTES = (16 << 20) + 4096;
const DUPLICATE_WINDOW_MS = 600_000;
/** Below the time after which a sensor gives a request up. */
const PUSH_MS = 20_000;
const ACKNOWLEDGE_MS = 4_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** Until streams that cannot be made are given up. */
const MAKE_MS = 30_000;
/** Read ahead of the worker, a partition. */
const AHEAD = 8;
/** A pull without messages ends after this; heartbeats come twice as often, and tell of a node that has gone. */
const PULL_MS = 5_000;
const STREAM_NAME_IN_USE = 10058;
/** What who comes second is told while two make the same stream at once; soon it is there. */
const SUBJECTS_OVERLAP = 10065;
const OVERLAP_MS = 5_000;

export interface JetStreamOptions {
  /** Begins the streams' and subjects' names. */
  readonly name: string;
  /** 3 outlives the loss of a node, 1 is for trying out. */
  readonly replicas: number;
  /** Of one partition, at most; past it pushes wait. */
  readonly partitionBytes: number;
  /** Until a push that finds no room or no server is refused. Default 20 s. */
  readonly pushMs?: number;
}

export interface StreamMessage {
  readonly position: number;
  readonly bytes: Uint8Array;
  readonly lostBefore: number;
}

export class JetStream implements BatchStream {
  readonly #connection: NatsConnection;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #options: JetStreamOptions;
  readonly #closing = new AbortController();
  /** What the last push met that did not succeed at once; null: it did. */
  trouble: string | null = null;

  private constructor(
    connection: NatsConnection,
    client: JetStreamClient,
    manager: JetStreamManager,
    options: JetStreamOptions,
  ) {
    this.#connection = connection;
    this.#client = client;
    this.#manager = manager;
    this.#options = options;
  }

  /**
   * Makes the streams where they are missing. The connection is closed with the stream.
   * @throws AppError `config_invalid`: the servers do not take what batches need; `server_unavailable`.
   */
  static async open(connection: NatsConnection, options: JetStreamOptions): Promise<JetStream> {
    const most = connection.info?.max_payload ?? 0;
    if (most < MIN_PAYLOAD_BYTES)
      throw new AppError(
        'config_invalid',
        `Cannot use the NATS servers: max_payload is ${most}, and batches need ${MIN_PAYLOAD_BYTES} (set max_payload: 32MB)`,
      );
    try {
      const manager = await jetstreamManager(connection, { timeout: ACKNOWLEDGE_MS * 2 });
      const client = jetstream(connection, { timeout: ACKNOWLEDGE_MS * 2 });
      const stream = new JetStream(connection, client, manager, options);
      for (let partition = 0; partition < PARTITIONS; partition++)
        await stream.#makeInTime(partition);
      return stream;
    } catch (error) {
      throw new AppError(
        'server_unavailable',
        `Cannot use JetStream: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }

  async push(
    batch: PacketBatch,
    meta: BatchMeta,
    encoded: Uint8Array = encodeBatch(batch, meta),
  ): Promise<StoreResult> {
    const { pushMs = PUSH_MS } = this.#options;
    const subject = `${this.#options.name}.${partitionOf(meta.sensorId)}.${token(meta.sensorId)}`;
    const note = headers();
    if (meta.lostBefore) note.set(LOST_HEADER, String(meta.lostBefore));
    const deadline = performance.now() + pushMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      if (this.#closing.signal.aborted) throw closed();
      try {
        const timeout = Math.max(1, Math.min(ACKNOWLEDGE_MS, deadline - performance.now()));
        const options = { msgID: batchKey(meta), headers: note, timeout };
        const { duplicate } = await this.#client.publish(subject, encoded, options);
        this.trouble = null;
        return duplicate ? 'duplicate' : 'stored';
      } catch (error) {
        if (this.#closing.signal.aborted) throw closed();
        this.trouble = (error as Error).message;
        if (performance.now() + pause >= deadline)
          throw new AppError(
            'overloaded',
            `Cannot take the packet batch: the stream answers ${(error as Error).message}`,
            { cause: error },
          );
        await this.#pausing(pause);
      }
    }
  }

  async *deliveries(reading?: Reading): AsyncGenerator<Delivery> {
    if (!reading) throw new Error('which partition is read from where must be said');
    const { partition, after, onSpoilt } = reading;
    const signal = AbortSignal.any([reading.signal, this.#closing.signal]);
    const subject = `${this.#options.name}.${partition}.>`;
    for await (const { position, bytes, lostBefore } of this.#read(
      partition,
      subject,
      after,
      signal,
    )) {
      let decoded: ReturnType<typeof decodeBatch>;
      try {
        decoded = decodeBatch(bytes);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        await onSpoilt({ position, bytes, reason: error.message });
        continue;
      }
      const { batch } = decoded;
      const meta = lostBefore > 0 ? { ...decoded.meta, lostBefore } : decoded.meta;
      let isSettled = false;
      const settle = () => {
        isSettled = true;
      };
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
        yield { batch, meta, encoded: bytes, position, settle, fail() {} };
        if (isSettled) break;
        await this.#pausing(pause);
        if (signal.aborted) return;
      }
    }
  }

  /** One sensor's messages after a position up to another, as they are stored: what an analysis is counted again from. */
  async *replay(
    sensorId: string,
    after: number,
    through: number,
    signal: AbortSignal,
  ): AsyncGenerator<StreamMessage> {
    if (after >= through) return;
    const partition = partitionOf(sensorId);
    const subject = `${this.#options.name}.${partition}.${token(sensorId)}`;
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    for await (const message of this.#read(partition, subject, after, stop)) {
      if (message.position <= through) yield message;
      if (message.position >= through) return;
    }
  }

  /** When a partition's stream was made, the first and the last position that it has, and its bytes. */
  async state(
    partition: number,
  ): Promise<{ created: string; first: number; last: number; bytes: number }> {
    const { created, state } = await this.#manager.streams.info(this.#streamOf(partition));
    return {
      created: String(created),
      first: state.first_seq,
      last: state.last_seq,
      bytes: state.bytes,
    };
  }

  /** Of one partition, at most. */
  get partitionBytes(): number {
    return this.#options.partitionBytes;
  }

  /** Removes what is not needed any more: everything up to a position. */
  async trim(partition: number, through: number): Promise<void> {
    // The servers take a purge before the first message as one of everything.
    if (through < 1) return;
    await this.#manager.streams.purge(this.#streamOf(partition), { seq: through + 1 });
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#connection.close();
  }

  async *#read(
    partition: number,
    subject: string,
    after: number,
    signal: AbortSignal,
  ): AsyncGenerator<StreamMessage> {
    if (signal.aborted) return;
    const opened = await this.#consume(partition, subject, after, signal);
    if (opened === null) return;
    const { consumer, messages } = opened;
    const stop = () => messages.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      // While it was opened, nobody listened.
      if (signal.aborted) return;
      for await (const message of messages) {
        if (signal.aborted) return;
        yield messageOf(message);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      messages.stop();
      // It would go by itself after some minutes.
      void consumer.delete().catch(() => undefined);
    }
  }

  /** Null where `signal` aborts first. While the servers choose a leader there is none to ask. */
  async #consume(partition: number, subject: string, after: number, signal: AbortSignal) {
    const deadline = performance.now() + PUSH_MS;
    for (;;) {
      if (signal.aborted) return null;
      try {
        const consumer = await this.#client.consumers.get(this.#streamOf(partition), {
          filter_subjects: subject,
          opt_start_seq: after + 1,
        });
        const messages = await consumer.consume({ max_messages: AHEAD, expires: PULL_MS });
        return { consumer, messages };
      } catch (error) {
        if (signal.aborted) return null;
        if (performance.now() >= deadline)
          throw new AppError(
            'server_unavailable',
            `Cannot read the stream: ${(error as Error).message}`,
            { cause: error },
          );
        await this.#pausing(LONGEST_PAUSE_MS);
      }
    }
  }

  /** While the servers choose leaders, they cannot. */
  async #makeInTime(partition: number): Promise<void> {
    const begin = performance.now();
    for (;;) {
      try {
        return await this.#make(partition);
      } catch (error) {
        const waitMs = patienceWith(error);
        if (performance.now() >= begin + waitMs) throw error;
        await this.#pausing(LONGEST_PAUSE_MS);
      }
    }
  }

  async #make(partition: number): Promise<void> {
    const { name, replicas, partitionBytes } = this.#options;
    const limits = { max_bytes: partitionBytes, num_replicas: replicas };
    try {
      await this.#manager.streams.add({
        name: this.#streamOf(partition),
        subjects: [`${name}.${partition}.>`],
        retention: RetentionPolicy.Limits,
        storage: StorageType.File,
        discard: DiscardPolicy.New,
        duplicate_window: nanos(DUPLICATE_WINDOW_MS),
        ...limits,
      });
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || error.code !== STREAM_NAME_IN_USE) throw error;
      // It is there, with other limits.
      await this.#manager.streams.update(this.#streamOf(partition), limits);
    }
  }

  #streamOf(partition: number): string {
    return `${this.#options.name}-${partition}`;
  }

  async #pausing(ms: number): Promise<void> {
    const { signal } = this.#closing;
    await sleep(ms / 2 + (ms / 2) * Math.random(), undefined, { signal }).catch(() => undefined);
  }
}

function messageOf({ seq, data, headers: note }: JsMsg): StreamMessage {
  return { position: seq, bytes: data, lostBefore: lostPackets(note?.get(LOST_HEADER) || null) };
}

/** A dot would end a subject's token; a sensor's name has no equals sign. */
function token(sensorId: string): string {
  return sensorId.replaceAll('.', '=');
}

function closed(): AppError {
  return new AppError('overloaded', 'Cannot take the packet batch: the server is stopping');
}

/** For how long making a stream is tried again. */
function patienceWith(error: unknown): number {
  if (!(error instanceof JetStreamApiError) || error.status >= 500) return MAKE_MS;
  return error.code === SUBJECTS_OVERLAP ? OVERLAP_MS : 0;
}
