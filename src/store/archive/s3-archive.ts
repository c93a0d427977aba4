/**
 * An archive in a bucket. A file goes up in parts, each under the signature of its own SHA-256, and becomes visible
 * whole. What is there then is read back: only when size and SHA-256 are those of what was sent has it been
 * written, since stores differ in which check sums they keep.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { S3Client } from '@bradenmacdonald/s3-lite-client';
import { AppError } from '../../errors.ts';
import type { ArchivePlace } from './archive-place.ts';
import type { S3Target } from './s3-target.ts';

/** Four at once are in memory; 10,000 make a file. */
const PART_BYTES = 16 * 2 ** 20;

export function s3Archive(target: S3Target): ArchivePlace {
  const { endpoint, bucket, prefix, region, pathStyle, accessKey, secretKey, sessionToken } =
    target;
  const client = new S3Client({
    ...{ endPoint: endpoint, bucket, region, pathStyle, accessKey, secretKey },
    ...(sessionToken !== undefined && { sessionToken }),
  });
  const pathOf = (name: string) => `s3://${bucket}/${prefix}${name}`;
  const failed = (what: string) => (cause: unknown) => {
    throw new AppError('server_unavailable', `Cannot ${what}: ${reasonOf(cause, endpoint)}`, {
      cause,
    });
  };

  return {
    pathOf,
    async names(folder) {
      const names: string[] = [];
      try {
        for await (const { key } of client.listObjects({ prefix: `${prefix}${folder}/` }))
          names.push(key.slice(prefix.length));
      } catch (error) {
        failed(`list ${pathOf(folder)}`)(error);
      }
      return names;
    },
    async open(name) {
      const key = `${prefix}${name}`;
      const reading = `read ${pathOf(name)}`;
      const { size } = await client.statObject(key).catch(failed(reading));
      let bytesRead = 0;
      return {
        byteLength: size,
        get bytesRead() {
          return bytesRead;
        },
        async slice(start, end = size) {
          const offset = start < 0 ? Math.max(0, size + start) : start;
          const length = Math.min(end, size) - offset;
          if (length <= 0) return new ArrayBuffer(0);
          const bytes = await client
            .getPartialObject(key, { offset, length })
            .then((response) => response.arrayBuffer())
            .catch(failed(reading));
          bytesRead += bytes.byteLength;
          return bytes;
        },
        async close() {},
      };
    },
    // Nobody knows whether one that is there was read back before a crash.
    writtenBytes: async () => null,
    async write(name, chunks) {
      const key = `${prefix}${name}`;
      const sent = createHash('sha256');
      let bytes = 0;
      const counted = async function* () {
        for await (const chunk of chunks) {
          sent.update(chunk);
          bytes += chunk.length;
          yield chunk;
        }
      };
      const body = Readable.toWeb(Readable.from(counted())) as ReadableStream<Uint8Array>;
      await client
        .putObject(key, body, { partSize: PART_BYTES })
        .catch(failed(`write ${pathOf(name)}`));
      const stored = await client
        .getObject(key)
        .then((response) => digestOf(response))
        .catch(failed(`read ${pathOf(name)} back`));
      if (stored.bytes !== bytes || stored.sha256 !== sent.digest('hex'))
        throw new Error(
          `${pathOf(name)} is not what was sent: ${stored.bytes} of ${bytes} bytes, or others`,
        );
      return bytes;
    },
  };
}

async function digestOf(response: Response): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  if (response.body)
    for await (const chunk of Readable.fromWeb(response.body as NodeReadableStream<Uint8Array>)) {
      hash.update(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
    }
  return { bytes, sha256: hash.digest('hex') };
}

/** `fetch` says only that it failed; why is below. */
function reasonOf(error: unknown, endpoint: string): string {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  const below = cause?.message || cause?.code;
  return below ? `${endpoint} does not answer: ${below}` : message;
}
