/** Models of a file to other libraries' formats, and theirs in the place of one of ours. */
import { exportOnnx } from '../core/models/exchange/export-onnx.ts';
import { exportXgboost } from '../core/models/exchange/export-xgboost.ts';
import { importLightgbm } from '../core/models/exchange/import-lightgbm.ts';
import { importOnnx } from '../core/models/exchange/import-onnx.ts';
import { importXgboost } from '../core/models/exchange/import-xgboost.ts';
import type { Model, StoredModel } from '../core/models/model-file.ts';
import { AppError } from '../errors.ts';

const ONNX_BEGIN = 8;

export type ExportFormat = 'onnx' | 'xgboost';

/** @throws AppError `input_invalid` for what the format cannot hold */
export function exportModel({ name, model }: StoredModel, format: ExportFormat): Uint8Array {
  if (format === 'onnx') return exportOnnx(model);
  if (model.kind !== 'gradient_boosting')
    throw new AppError(
      'input_invalid',
      `Cannot export ${name} to XGBoost: it is no gradient boosting but a ${model.kind.replaceAll('_', ' ')}`,
    );
  return Buffer.from(exportXgboost(model));
}

/**
 * `bytes` in the place of the stored model `name`: XGBoost (JSON or UBJ), LightGBM text or ONNX, told by their first
 * bytes. Columns must be our features in our order; where the file names them, by these names. Its scores are taken as
 * they are: the calibration of the model before it would be wrong.
 * @throws AppError `model_incompatible` that says what does not fit
 */
export function replaceModel(
  models: readonly StoredModel[],
  name: string,
  bytes: Uint8Array,
  dataHash: string,
): StoredModel[] {
  const place = models.find((stored) => stored.name === name);
  if (!place)
    throw new AppError(
      'not_found',
      `There is no model ${name}: there are ${models.map((stored) => stored.name).join(', ')}`,
    );
  const imported = readModel(bytes, place.model);
  const stored: StoredModel = {
    ...place,
    model: imported,
    seed: 0,
    parameters: { version: String(place.parameters.version ?? ''), imported: true },
    dataHashes: [dataHash],
    metrics: {},
    calibrations: {},
    references: {},
  };
  return models.map((each) => (each === place ? stored : each));
}

function readModel(bytes: Uint8Array, place: Model): Model {
  const read = readerOf(bytes);
  const { featureNames: theirs } = read(bytes, {});
  const { featureNames } = place;
  for (const [at, feature] of theirs.entries()) {
    const ours = featureNames[at];
    if (ours === undefined)
      throw unfit(`it has ${theirs.length} features, ours are ${featureNames.length}`);
    if (feature !== ours && !namesOfNone(at).includes(feature))
      throw unfit(`its feature ${feature} is not ours: ${ours}`);
  }
  // What ONNX does not test it does not mention.
  if (theirs.length < featureNames.length && read !== importOnnx)
    throw unfit(
      `it has ${theirs.length} features, ours are ${featureNames.length}: it lacks ${featureNames[theirs.length]}`,
    );
  const classNames = place.kind === 'isolation_forest' ? {} : { classNames: place.classNames };
  return read(bytes, { featureNames, ...classNames });
}

/** What the libraries call a column that has no name. */
function namesOfNone(at: number): string[] {
  return [`f${at}`, `Column_${at}`];
}

function readerOf(bytes: Uint8Array): typeof importOnnx {
  if (bytes.length === 0) throw unfit('it is empty');
  const begin = Buffer.from(bytes.subarray(0, 5)).toString('latin1');
  if (begin.startsWith('{')) return importXgboost;
  if (begin === 'tree\n' || begin === 'tree\r') return importLightgbm;
  // An ONNX file begins with its version: field 1, a number.
  if (bytes[0] !== ONNX_BEGIN)
    throw unfit('it is no model of XGBoost (JSON, UBJ), LightGBM (text) or ONNX');
  return importOnnx;
}

function unfit(reason: string): AppError {
  return new AppError('model_incompatible', `Cannot import the model: ${reason}`);
}
