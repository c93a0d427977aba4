/** A folder that cannot be used costs the evidence, not the capture: it is said, and packets are not kept. */
import { AppError } from '../../errors.ts';
import { type EvidenceOptions, EvidenceRing } from './evidence-ring.ts';

export async function openRing(options: EvidenceOptions): Promise<EvidenceRing | null> {
  try {
    return await EvidenceRing.open(options);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    options.onTrouble?.(error.message);
    return null;
  }
}
