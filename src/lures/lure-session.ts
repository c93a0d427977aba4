/** One visitor's connection to a lure, and what is recorded of it. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { LureEvent, LureService } from '../contract/lure.ts';
import { canonicalAddress } from '../core/response/address.ts';
import { acceptsLogin, type LoginPolicy } from './login-policy.ts';
import type { LureLimits } from './lure-limits.ts';
import { recordedCredential, recordedText } from './recorded-text.ts';
import type { Upload, UploadStore } from './upload-store.ts';

/** What the sessions of one lure share. */
export interface LureContext {
  readonly service: LureService;
  readonly limits: LureLimits;
  readonly login: LoginPolicy;
  readonly uploads: UploadStore;
  readonly emit: (event: LureEvent) => void;
}

interface Details {
  readonly username?: string;
  readonly password?: string;
  readonly text?: string;
  readonly bytes?: number;
  readonly sha256?: string;
}

/** Uploads of one session that are open at once. */
const MAX_OPEN_UPLOADS = 16;

export class LureSession {
  readonly id: string = randomUUID();
  readonly sourceIp: string;
  readonly sourcePort: number;
  readonly localIp: string;
  readonly localPort: number;
  readonly #context: LureContext;
  readonly #socket: Socket;
  readonly #openUploads = new Map<Upload, string>();
  #events = 0;
  #tries = 0;
  #uploadBytes = 0;
  /** Nothing more is recorded but the close. */
  #isEnded = false;

  constructor(context: LureContext, socket: Socket) {
    this.#context = context;
    this.#socket = socket;
    this.sourceIp = canonicalAddress(socket.remoteAddress?.replace(/%.*$/, '') ?? '') ?? '::';
    this.sourcePort = socket.remotePort ?? 0;
    this.localIp = canonicalAddress(socket.localAddress?.replace(/%.*$/, '') ?? '') ?? '::';
    this.localPort = socket.localPort ?? 0;
  }

  get limits(): LureLimits {
    return this.#context.limits;
  }

  /** Past `maxEventsPerSession` the session ends. */
  record(kind: LureEvent['kind'], details: Details = {}): void {
    if (this.#isEnded) return;
    this.#context.emit(this.#event(kind, details));
    if (++this.#events >= this.limits.maxEventsPerSession) this.end();
  }

  /** Records a try to sign in and says whether it succeeds. */
  tryLogin(username: string, password: string): boolean {
    const isAccepted = acceptsLogin(this.#context.login, username, password, ++this.#tries);
    this.recordLogin(username, password, `${isAccepted ? 'accepted' : 'rejected'} password`);
    return isAccepted;
  }

  /** `text` begins with `accepted` or `rejected`. */
  recordLogin(username: string, password: string | null, text: string): void {
    this.record('login', { username, ...(password !== null && { password }), text });
  }

  /** Null if too many are open already. `finishUpload` ends it; so does the end of the session. */
  beginUpload(name: string): Upload | null {
    if (this.#isEnded || this.#openUploads.size >= MAX_OPEN_UPLOADS) return null;
    const upload = this.#context.uploads.begin();
    this.#openUploads.set(upload, name);
    return upload;
  }

  /** Past `maxBytesIn` in all its uploads the session ends. */
  writeUpload(upload: Upload, chunk: Buffer): void {
    if (!this.#openUploads.has(upload)) return; // finished by the end of the session
    upload.write(chunk);
    this.#uploadBytes += chunk.length;
    if (this.#uploadBytes > this.limits.maxBytesIn) this.end();
  }

  /** An upload of no bytes is recorded too: the name says something. */
  finishUpload(upload: Upload): void {
    const name = this.#openUploads.get(upload);
    if (name === undefined) return;
    this.#openUploads.delete(upload);
    const { bytes, sha256 } = upload.finish();
    this.record('upload', { text: name, bytes, sha256 });
  }

  /** Ends the connection at once; what it has uploaded so far is still recorded. */
  end(): void {
    if (this.#isEnded) return;
    for (const upload of [...this.#openUploads.keys()]) this.finishUpload(upload);
    this.#isEnded = true;
    this.#socket.destroy();
  }

  /** Called once by the listener when the connection is gone. */
  close(): void {
    this.end();
    this.#context.emit(this.#event('close', {}));
  }

  #event(kind: LureEvent['kind'], details: Details): LureEvent {
    return {
      id: randomUUID(),
      session_id: this.id,
      at: new Date().toISOString(),
      service: this.#context.service,
      source_ip: this.sourceIp,
      source_port: this.sourcePort,
      local_port: this.localPort,
      kind,
      username: details.username === undefined ? null : recordedCredential(details.username),
      password: details.password === undefined ? null : recordedCredential(details.password),
      text: details.text === undefined ? null : recordedText(details.text),
      bytes: details.bytes ?? null,
      sha256: details.sha256 ?? null,
    };
  }
}
