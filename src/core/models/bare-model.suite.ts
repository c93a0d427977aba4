/** A model as the file keeps it, with nothing around it: for test and probe. */
import type { StoredModel } from './model-file.ts';

export function bareModel(name: string, model: StoredModel['model']): StoredModel {
  return {
    ...{ name, model, catalogueHash: '', seed: 1, parameters: {}, dataHashes: [] },
    ...{ metrics: {}, thresholds: {}, calibrations: {}, references: {} },
  };
}
