/** A capture file through decoder and analysis, batch by batch: what `analyze`, `train` and `evaluate` share. */
import { openCapture } from '../capture/open-capture.ts';
import { requireLinkType } from '../capture/require-link-type.ts';
import type { AnalysisOutput } from '../contract/analysis.ts';
import { PacketBatch } from '../contract/packet-batch.ts';
import type { Analysis } from '../core/engine/analysis.ts';
import { PacketDecoder } from '../core/wire/decoder.ts';
import { AppError } from '../errors.ts';

const BATCH_ROWS = 4_096;

/**
 * Reads all of `path` into `analysis` and hands over what comes out, in order. Resolves to the damage
 * where the capture is cut short or corrupt: what could be read was analysed.
 * @throws AppError `input_invalid`: not a capture.
 */
export async function readCapture(
  path: string,
  analysis: Analysis,
  onOutput: (output: AnalysisOutput) => void,
): Promise<AppError | null> {
  const source = await openCapture(path);
  const decoder = new PacketDecoder();
  const batch = new PacketBatch(BATCH_ROWS);
  const flush = () => {
    if (batch.length === 0) return;
    analysis.push(batch);
    batch.clear();
    onOutput(analysis.take());
  };
  let damage: AppError | null = null;
  try {
    await source.run((frame) => {
      requireLinkType(frame, source);
      if (batch.isFull) flush();
      decoder.decode(frame, batch);
    });
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'capture_damaged')) throw error;
    damage = error;
  }
  flush();
  analysis.finish();
  onOutput(analysis.take());
  return damage;
}
