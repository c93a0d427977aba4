/**
 * The HTTP lure: a device's login page. Every request is recorded with its headers, credentials wherever they stand
 * (form, JSON, Basic), and bodies as uploads. Nothing a visitor sends comes back in an answer.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { adminPage, loginPage, notFoundPage } from './http-pages.ts';
import type { LureSession } from './lure-session.ts';
import { MAX_TEXT } from './recorded-text.ts';

const SERVER_HEADER = 'Apache/2.4.52 (Ubuntu)';
const SESSION_COOKIE = 'SESSIONID=8f14e45fceea167a5a36dedd4bea2543; Path=/; HttpOnly';
const MAX_HEADER_BYTES = 16_384;
/** As much of a form is looked at; the rest is read and dropped. */
const MAX_FORM_BYTES = 16_384;
/** Looked at for a file name. */
const MAX_MULTIPART_HEAD_BYTES = 4096;
const USERNAME_FIELDS = ['username', 'user', 'login', 'log', 'email', 'name', 'uname'];
const PASSWORD_FIELDS = ['password', 'pass', 'passwd', 'pwd', 'psw'];
const LOGIN_PATHS = /^\/(?:$|index\.(?:html|php)$|login|admin)/i;

export interface HttpLure {
  /** Serves one connection. */
  attach(session: LureSession, socket: Socket): void;
  close(): void;
}

export function createHttpLure(): HttpLure {
  const sessions = new WeakMap<Socket, LureSession>();
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, insecureHTTPParser: false },
    (request, response) => {
      const session = sessions.get(request.socket);
      if (session) answer(session, request, response);
      else request.socket.destroy();
    },
  );
  server.on('clientError', (error: Error & { rawPacket?: Buffer }, socket) => {
    const session = sessions.get(socket as Socket);
    session?.record('request', {
      text: `malformed: ${error.rawPacket?.toString('latin1', 0, MAX_TEXT) ?? ''}`,
    });
    if (socket.writable) {
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nServer: ${SERVER_HEADER}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
      );
    } else socket.destroy();
  });
  // Would ask us to be a proxy.
  server.on('connect', (request, socket) => {
    sessions.get(request.socket)?.record('request', { text: headOf(request) });
    socket.end(
      `HTTP/1.1 405 Method Not Allowed\r\nServer: ${SERVER_HEADER}\r\nConnection: close\r\n\r\n`,
    );
  });
  return {
    attach(session, socket) {
      sessions.set(socket, session);
      server.emit('connection', socket);
    },
    // Never listened, so there is nothing to free but its timer for slow requests.
    close: () => server.closeAllConnections(),
  };
}

function answer(session: LureSession, request: IncomingMessage, response: ServerResponse): void {
  session.record('request', { text: headOf(request) });
  const basic = basicCredentials(request.headers.authorization);
  const isBasicAccepted = basic !== null && session.tryLogin(basic.username, basic.password);
  const type = (request.headers['content-type'] ?? '').toLowerCase();
  const isForm =
    type.startsWith('application/x-www-form-urlencoded') || type.startsWith('application/json');
  const body = isForm ? new FormBody() : new UploadBody(session, request);
  request.on('data', (chunk: Buffer) => body.add(chunk));
  request.on('error', () => body.end());
  request.on('end', () => {
    body.end();
    const form = body instanceof FormBody ? body.credentials(type) : null;
    const isFormAccepted = form !== null && session.tryLogin(form.username, form.password);
    respond(request, response, {
      isAccepted: isBasicAccepted || isFormAccepted,
      hasTried: basic !== null || form !== null,
    });
  });
}

function respond(
  request: IncomingMessage,
  response: ServerResponse,
  login: { isAccepted: boolean; hasTried: boolean },
): void {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const isUpload = request.method === 'POST' || request.method === 'PUT';
  const isKnown = LOGIN_PATHS.test(path) || isUpload || login.hasTried;
  const status = !isKnown ? 404 : login.hasTried && !login.isAccepted ? 401 : 200;
  const page = !isKnown
    ? notFoundPage()
    : login.isAccepted
      ? adminPage()
      : loginPage(login.hasTried);
  response.writeHead(status, {
    Server: SERVER_HEADER,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(page),
    ...(login.isAccepted && { 'Set-Cookie': SESSION_COOKIE }),
  });
  response.end(request.method === 'HEAD' ? undefined : page);
}

/** Request line and headers as they came. */
function headOf(request: IncomingMessage): string {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2) {
    lines.push(`${request.rawHeaders[index]}: ${request.rawHeaders[index + 1]}`);
  }
  return lines.join('\n');
}

interface Credentials {
  readonly username: string;
  readonly password: string;
}

function basicCredentials(header: string | undefined): Credentials | null {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return null;
  const [username = '', ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  return { username, password: password.join(':') };
}

/** A body that may hold credentials: its beginning in memory. */
class FormBody {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  add(chunk: Buffer): void {
    const room = MAX_FORM_BYTES - this.#bytes;
    if (room <= 0) return;
    this.#chunks.push(chunk.subarray(0, room));
    this.#bytes += Math.min(room, chunk.length);
  }

  end(): void {}

  credentials(type: string): Credentials | null {
    const text = Buffer.concat(this.#chunks).toString();
    const fields = type.startsWith('application/json')
      ? jsonFields(text)
      : new URLSearchParams(text);
    const username = firstOf(fields, USERNAME_FIELDS);
    const password = firstOf(fields, PASSWORD_FIELDS);
    return username === null && password === null
      ? null
      : { username: username ?? '', password: password ?? '' };
  }
}

/** A body of any other kind, kept as an upload. One without bytes is none. */
class UploadBody {
  readonly #session: LureSession;
  readonly #request: IncomingMessage;
  #upload: ReturnType<LureSession['beginUpload']> = null;

  constructor(session: LureSession, request: IncomingMessage) {
    this.#session = session;
    this.#request = request;
  }

  add(chunk: Buffer): void {
    this.#upload ??= this.#session.beginUpload(this.#nameFrom(chunk));
    if (this.#upload) this.#session.writeUpload(this.#upload, chunk);
  }

  end(): void {
    if (this.#upload) this.#session.finishUpload(this.#upload);
    this.#upload = null;
  }

  #nameFrom(first: Buffer): string {
    const head = first.toString('latin1', 0, MAX_MULTIPART_HEAD_BYTES);
    return /filename="([^"\r\n]{1,255})"/.exec(head)?.[1] ?? this.#request.url ?? '';
  }
}

function jsonFields(text: string): URLSearchParams {
  const fields = new URLSearchParams();
  try {
    const value: unknown = JSON.parse(text);
    for (const [name, field] of Object.entries(value ?? {})) {
      if (typeof field === 'string' || typeof field === 'number')
        fields.append(name, String(field));
    }
  } catch {} // not JSON after all: no fields
  return fields;
}

function firstOf(fields: URLSearchParams, names: readonly string[]): string | null {
  for (const [name, value] of fields) if (names.includes(name.toLowerCase())) return value;
  return null;
}
