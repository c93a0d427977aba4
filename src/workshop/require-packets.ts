/** A capture that says nothing would let every model pass. */
import { openCapture } from '../capture/open-capture.ts';
import { AppError } from '../errors.ts';

/** Reads to the first packet and no further. @throws AppError `input_invalid`: not a capture, or no packet is in it */
export async function requirePackets(path: string): Promise<void> {
  const source = await openCapture(path);
  const found = new AbortController();
  await source.run(() => found.abort(), { signal: found.signal });
  if (!found.signal.aborted)
    throw new AppError('input_invalid', `Cannot pin ${path}: no packet is in it`);
}
