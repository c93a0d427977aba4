/** `phantomnet models export` and `models import`: to and from other libraries' formats. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { readModelFile } from '../app/model.ts';
import { encodeModels } from '../core/models/model-file.ts';
import { AppError, fileTrouble } from '../errors.ts';
import { type ExportFormat, exportModel, replaceModel } from '../workshop/exchange-models.ts';
import { readBytes } from '../workshop/read-bytes.ts';

/** As for a model that is registered over HTTP. */
const MAX_IMPORT_BYTES = 64 * 2 ** 20;

export interface ExchangeWords {
  /** The model file that is read. */
  readonly file: string;
  readonly out: string;
}

export function exportTo(name: string, format: ExportFormat, { file, out }: ExchangeWords): void {
  const { models } = readModelFile(file);
  const stored = models.find((model) => model.name === name);
  if (!stored) throw new AppError('not_found', `There is no model ${name} in ${file}`);
  write(out, exportModel(stored, format));
}

export function importFrom(from: string, name: string, { file, out }: ExchangeWords): void {
  const bytes = readBytes(from, MAX_IMPORT_BYTES);
  const { models } = readModelFile(file);
  const hash = createHash('sha256').update(bytes).digest('hex');
  write(out, encodeModels(replaceModel(models, name, bytes, hash)));
}

function write(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes);
  } catch (error) {
    throw new AppError('usage', `Cannot write ${path}: ${fileTrouble(error)}`);
  }
}
