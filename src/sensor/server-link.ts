/**
 * The connection to the server that a sensor ships over: kept open, and over https only to a server that shows what
 * is trusted: a certificate of a public authority, of the authority in a file, or one pinned by its fingerprint.
 * Nothing is sent before that is known.
 */
import { readFileSync } from 'node:fs';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import { Problem } from '../contract/api.ts';
import { AppError, fileTrouble } from '../errors.ts';

const MAX_ANSWER_BYTES = 16_384;
const MAX_REASON_CHARACTERS = 300;
const WithDetail = Problem.pick({ detail: true });

export interface ServerTrust {
  /** Certificates of the authorities that count, PEM; default: the public ones. */
  readonly caFile?: string | undefined;
  /** SHA-256 of the server's own certificate, in hexadecimal: then no authority is asked. */
  readonly fingerprint?: string | undefined;
}

export interface ServerAnswer {
  readonly status: number;
  /** `503 Service Unavailable` */
  readonly statusLine: string;
  readonly headers: IncomingHttpHeaders;
  /** Its beginning. */
  readonly text: string;
}

/** `403 Forbidden`, and why, where the server said it in a problem document (RFC 9457). */
export function refusalOf({ statusLine, text }: ServerAnswer): string {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return statusLine;
  }
  const problem = WithDetail.safeParse(answer);
  if (!problem.success) return statusLine;
  // It goes to a terminal: nothing in it may move the cursor or turn the line around.
  const detail = problem.data.detail.slice(0, MAX_REASON_CHARACTERS).replaceAll(/\p{C}/gu, '·');
  return `${statusLine}: ${detail}`;
}

export class ServerLink {
  readonly url: URL;
  readonly #agent: HttpAgent;

  /** @throws AppError `usage`: trust without https, a fingerprint that is none; `config_invalid`: no such file */
  constructor(url: URL, trust: ServerTrust = {}) {
    this.url = url;
    const isTrustGiven = trust.caFile !== undefined || trust.fingerprint !== undefined;
    if (url.protocol === 'https:') this.#agent = secureAgent(trust);
    else if (isTrustGiven)
      throw new AppError('usage', `Cannot check the server's certificate: ${url.origin} has none`);
    else this.#agent = new HttpAgent({ keepAlive: true });
  }

  /** @throws Error without an answer in time, or without a server that is trusted */
  post(headers: OutgoingHttpHeaders, body: Uint8Array, timeoutMs: number): Promise<ServerAnswer> {
    const request = this.url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sending = request(this.url, {
        method: 'POST',
        agent: this.#agent,
        headers: { ...headers, 'content-length': body.length },
      });
      const timer = setTimeout(
        () => sending.destroy(new Error(`none within ${timeoutMs / 1000} s`)),
        timeoutMs,
      );
      const fail = (error: Error) => {
        clearTimeout(timer);
        reject(error);
      };
      sending.on('error', fail);
      sending.on('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          if (bytes < MAX_ANSWER_BYTES) chunks.push(chunk);
          bytes += chunk.length;
        });
        response.on('error', fail);
        response.on('end', () => {
          clearTimeout(timer);
          const { statusCode: status = 0, statusMessage = '', headers: answered } = response;
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status, statusLine: `${status} ${statusMessage}`, headers: answered, text });
        });
      });
      sending.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

function secureAgent({ caFile, fingerprint }: ServerTrust): HttpsAgent {
  const agent = new HttpsAgent({
    keepAlive: true,
    ...(caFile && { ca: readCertificates(caFile) }),
  });
  if (fingerprint === undefined) return agent;
  const wanted = fingerprint.replaceAll(':', '').toUpperCase();
  if (!/^[0-9A-F]{64}$/.test(wanted))
    throw new AppError('usage', 'Cannot pin the certificate: a SHA-256 has 64 hexadecimal digits');
  // The request waits for the callback: the key goes to nobody else.
  agent.createConnection = (options, callback): Duplex => {
    const socket = connect({ ...(options as ConnectionOptions), rejectUnauthorized: false });
    const onError = (error: Error) => callback?.(error, socket);
    socket.once('error', onError);
    socket.once('secureConnect', () => {
      const shown = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '');
      if (shown !== wanted) {
        socket.destroy(new Error(`the server shows another certificate: ${shown}`));
        return;
      }
      socket.off('error', onError);
      callback?.(null, socket);
    });
    // Node takes the socket from the callback where nothing is returned.
    return undefined as unknown as Duplex;
  };
  return agent;
}

function readCertificates(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new AppError(
      'config_invalid',
      `Cannot read the certificates ${path}: ${fileTrouble(error)}`,
    );
  }
}
