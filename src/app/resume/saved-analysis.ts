/** A sensor's analysis as bytes, with what must be known to go on from it: what the snapshot files hold. */
import { Analysis, type AnalysisOptions } from '../../core/engine/analysis.ts';
import { StateError } from '../../core/state/state-error.ts';
import { StateReader } from '../../core/state/state-reader.ts';
import { StateWriter } from '../../core/state/state-writer.ts';

export interface SavedAnalysis {
  readonly analysis: Analysis;
  /** The last batch that was committed; null: none was. */
  readonly last: { readonly epoch: string; readonly sequence: number } | null;
  /** The last committed of each epoch, the latest last. */
  readonly places: readonly { readonly epoch: string; readonly sequence: number }[];
  /** Entries of the journal that it includes. */
  readonly entries: number;
  /** What came before is lost, and no packet since has said up to when. */
  readonly isMissing: boolean;
  /** As in the pipeline's state: what says how much a lost batch may have held. */
  readonly batches: number;
  readonly packets: number;
}

export function saveAnalysis({ analysis, ...head }: SavedAnalysis): readonly Uint8Array[] {
  const writer = new StateWriter();
  writer.json(head);
  analysis.save(writer);
  return writer.pieces();
}

/** @throws StateError */
export function loadAnalysis(bytes: Uint8Array, options: AnalysisOptions): SavedAnalysis {
  const reader = new StateReader(bytes);
  const head = reader.json() as Omit<SavedAnalysis, 'analysis'>;
  const analysis = new Analysis(options);
  try {
    analysis.load(reader);
    reader.end();
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw new StateError(`it cannot be read: ${(error as Error).message}`);
  }
  // Before there was a stream, nothing came twice: the last one was enough.
  const { places = head.last ? [head.last] : [] } = head as Partial<SavedAnalysis>;
  return { ...head, places, analysis };
}
