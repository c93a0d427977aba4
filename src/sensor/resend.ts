/**
 * Sends again what the server had refused: after it was mended, or a newer version runs there. By hand, because what
 * was refused once is refused again until somebody has looked.
 *
 * The batch has its own epoch, made of where it stood: later batches of the old one are stored, so its number there
 * would pass for a repeat. Sent twice it is stored once. Its packets come late: they are stored, and counted as late.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { BATCH_CONTENT_TYPE, decodeBatch, encodeBatch } from '../stream/batch-codec.ts';
import { type BatchMeta, batchKey } from '../stream/batch-meta.ts';
import { refusalOf, ServerLink, type ServerTrust } from './server-link.ts';
import { ingestUrl } from './shipper.ts';

const REJECTED_NAME = /^([A-Za-z0-9-]{1,64})-(\d{12})-(\d{1,5})\.arrow$/;
const REQUEST_MS = 60_000;

export interface ResendOptions {
  readonly spoolDir: string;
  readonly url: string;
  readonly key: string;
  readonly trust?: ServerTrust | undefined;
  /** Told of each batch. */
  readonly onBatch: (batch: ResentBatch) => void;
}

export interface ResentBatch {
  /** Of the file in `rejected/`. */
  readonly name: string;
  readonly rows: number;
  /** Null: the server has it now. */
  readonly refusal: string | null;
}

/**
 * The oldest first; what is taken leaves the folder, what is refused again stays with the new answer.
 * @throws AppError `server_unavailable` where it does not answer or cannot take more now, `unauthenticated`
 */
export async function resend(options: ResendOptions): Promise<void> {
  const { spoolDir, url, key, trust, onBatch } = options;
  const link = new ServerLink(ingestUrl(url), trust);
  const folder = join(spoolDir, 'rejected');
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  try {
    for (const name of names.sort()) {
      const [, epoch, sequence, rows] = REJECTED_NAME.exec(name) ?? [];
      if (epoch === undefined) continue;
      const path = join(folder, name);
      const refusal = await send(link, key, await readFile(path), `${epoch}:${Number(sequence)}`);
      if (refusal === null) {
        await unlink(path);
        await unlink(`${path}.answer.txt`).catch(() => undefined);
      } else await writeFile(`${path}.answer.txt`, refusal, { mode: 0o600 });
      onBatch({ name, rows: Number(rows), refusal });
    }
  } finally {
    link.close();
  }
}

/** Null: taken; else why it never will be. */
async function send(
  link: ServerLink,
  key: string,
  bytes: Uint8Array,
  place: string,
): Promise<string | null> {
  let moved: { meta: BatchMeta; bytes: Uint8Array };
  try {
    moved = moveTo(bytes, place);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.message;
  }
  const headers = {
    'content-type': BATCH_CONTENT_TYPE,
    authorization: `Bearer ${key}`,
    'idempotency-key': batchKey(moved.meta),
  };
  const answer = await link.post(headers, moved.bytes, REQUEST_MS).catch((error: Error) => {
    throw new AppError('server_unavailable', `Cannot resend: no answer: ${error.message}`);
  });
  const { status, statusLine, text } = answer;
  if (status >= 200 && status < 300) return null;
  if (status === 401 || status === 403 || status === 404)
    throw new AppError(
      'unauthenticated',
      `Cannot resend: the server answered ${refusalOf(answer)}`,
    );
  if (status < 400 || status >= 500 || status === 408 || status === 429)
    throw new AppError(
      'server_unavailable',
      `Cannot resend now: the server answered ${statusLine}`,
    );
  return `${refusalOf(answer)}\n${text}`;
}

/** The same packets as the first batch of an epoch of their own. */
function moveTo(bytes: Uint8Array, place: string): { meta: BatchMeta; bytes: Uint8Array } {
  const { batch, meta: old } = decodeBatch(bytes);
  const hash = createHash('sha256').update(place).digest('hex').slice(0, 32);
  const meta = { sensorId: old.sensorId, epoch: `resent-${hash}`, sequence: 0 };
  return { meta, bytes: encodeBatch(batch, meta) };
}
