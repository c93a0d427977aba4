/**
 * A backup's stream, before compression: frames of one letter, a length (32 bits, big-endian) and that many
 * bytes. The last frame is the SHA-256 of all before it, so that a cut or changed one is never taken for whole; of
 * the compressed stream around it, `whole-zstd-frame.ts` sees that.
 *
 *   H header    T a table begins    D its rows, as COPY text    E it ends    S sequences    Z the sum
 */
import { createHash } from 'node:crypto';
import { AppError } from '../../errors.ts';

const LETTERS = ['H', 'T', 'D', 'E', 'S', 'Z'] as const;
const HEAD_BYTES = 5;
/** A header names at most some hundred partitions; COPY hands out far smaller pieces. */
const MAX_FRAME_BYTES = 16 * 2 ** 20;

export type FrameLetter = (typeof LETTERS)[number];

export interface Frame {
  readonly letter: FrameLetter;
  readonly bytes: Buffer;
}

/** Adds the last frame to those that come. */
export async function* encodeFrames(frames: AsyncIterable<Frame>): AsyncGenerator<Buffer> {
  const sum = createHash('sha256');
  for await (const frame of frames) {
    const head = headOf(frame);
    sum.update(head).update(frame.bytes);
    yield head;
    yield frame.bytes;
  }
  const last = { letter: 'Z', bytes: sum.digest() } as const;
  yield headOf(last);
  yield last.bytes;
}

/**
 * The frames but the last one; ends only where the sum is right.
 * @throws AppError `input_invalid`
 */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const sum = createHash('sha256');
  let rest = Buffer.alloc(0);
  let isFirst = true;
  let isOver = false;
  for await (const chunk of chunks) {
    // Read on to the end of the compressed stream: whether that is whole shows only there.
    if (isOver) throw damaged('something follows its end');
    rest = Buffer.concat([rest, chunk]);
    for (let frame = cut(rest); frame !== null; frame = cut(rest)) {
      const end = HEAD_BYTES + frame.bytes.length;
      if (isFirst && frame.letter !== 'H') throw damaged('it does not begin like one');
      isFirst = false;
      if (frame.letter === 'Z') {
        if (!frame.bytes.equals(sum.digest())) throw damaged('its checksum is wrong');
        if (rest.length > end) throw damaged('something follows its end');
        isOver = true;
        break;
      }
      sum.update(rest.subarray(0, end));
      yield frame;
      rest = rest.subarray(end);
    }
  }
  if (!isOver) throw damaged(isFirst ? 'it is empty' : 'its end is missing');
}

export function jsonFrame(letter: FrameLetter, value: unknown): Frame {
  return { letter, bytes: Buffer.from(JSON.stringify(value)) };
}

export function damaged(reason: string, cause?: unknown): AppError {
  return new AppError('input_invalid', `Cannot read the backup: ${reason}`, { cause });
}

function headOf({ letter, bytes }: Frame): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(letter, 'latin1');
  head.writeUInt32BE(bytes.length, 1);
  return head;
}

/** Null where the frame is not there in full yet. */
function cut(bytes: Buffer): Frame | null {
  if (bytes.length < HEAD_BYTES) return null;
  const letter = LETTERS.find((each) => each.charCodeAt(0) === bytes[0]);
  const length = bytes.readUInt32BE(1);
  if (letter === undefined || length > MAX_FRAME_BYTES) throw damaged('it is not one, or damaged');
  if (bytes.length < HEAD_BYTES + length) return null;
  return { letter, bytes: bytes.subarray(HEAD_BYTES, HEAD_BYTES + length) };
}
