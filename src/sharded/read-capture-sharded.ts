/** A capture file through several threads; else as `workshop/read-capture.ts`. */
import { openCapture } from '../capture/open-capture.ts';
import { requireLinkType } from '../capture/require-link-type.ts';
import type { AnalysisOutput } from '../contract/analysis.ts';
import { AppError } from '../errors.ts';
import type { ShardedAnalysis } from './sharded-analysis.ts';

/**
 * Reads all of `path` into `analysis` and hands over what comes out, in order. Resolves to the damage
 * where the capture is cut short or corrupt: what could be read was analysed.
 * @throws AppError `input_invalid`: not a capture.
 */
export async function readCaptureSharded(
  path: string,
  analysis: ShardedAnalysis,
  onOutput: (output: AnalysisOutput) => void,
): Promise<AppError | null> {
  const source = await openCapture(path);
  let damage: AppError | null = null;
  try {
    await source.run(
      (frame) => {
        requireLinkType(frame, source);
        analysis.push(frame);
      },
      {
        onChunk: async () => {
          await analysis.ready();
          onOutput(analysis.take());
        },
      },
    );
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'capture_damaged')) throw error;
    damage = error;
  }
  await analysis.finish();
  onOutput(analysis.take());
  return damage;
}
