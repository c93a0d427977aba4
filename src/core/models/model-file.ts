/**
 * Several named models in one file, little endian:
 *
 *     0  8 bytes   magic `PNMODELS`
 *     8  u32       version
 *    12  u32       length of the header, a multiple of 8
 *    16  u32       length of the file
 *    20  12 bytes  zero
 *    32  32 bytes  SHA-256 of everything else
 *    64  header    JSON in ASCII with sorted keys, padded with spaces
 *        sections  the arrays that the header lists, each aligned to 8 bytes
 *
 * The same models give the same bytes. Decoding trusts nothing: the digest finds damage, and what a
 * sound digest does not prove (someone may have made the file by hand) is checked piece by piece.
 */
import { AppError } from '../../errors.ts';
import { hexOf, sha256 } from '../crypto/sha256.ts';
import { BoostedTrees } from './boosted-trees.ts';
import { type Calibration, checkCalibration } from './calibration.ts';
import { createFlatTrees, type FlatTrees } from './flat-trees.ts';
import { IsolationForest } from './isolation-forest.ts';
import { formatHeader, type JsonValue, type ModelHeader, parseHeader } from './model-header.ts';
import { RandomForest } from './random-forest.ts';

const MAGIC = 'PNMODELS';
const VERSION = 1;
const DIGEST_AT = 32;
const HEADER_AT = 64;
const MAX_FILE_BYTES = 2 ** 30;

export type Model = RandomForest | BoostedTrees | IsolationForest;

/** A model and what must be known of it to use and to judge it. */
export interface StoredModel {
  /** Unique in the file. */
  readonly name: string;
  readonly model: Model;
  /** Of the feature catalogue the rows were made by. */
  readonly catalogueHash: string;
  readonly seed: number;
  /** Options of the training, and whatever else led to the model. */
  readonly parameters: Readonly<Record<string, JsonValue>>;
  /** Of the files trained on. */
  readonly dataHashes: readonly string[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly thresholds: Readonly<Record<string, number>>;
  /** By class name, or whatever name the score goes by. */
  readonly calibrations: Readonly<Record<string, Calibration>>;
  /** Arrays kept with the model, by name: reference histograms against which drift is measured. */
  readonly references: Readonly<Record<string, Float64Array>>;
}

export interface ModelFile {
  /** The file's SHA-256 in hexadecimal: what an alert names as the model's hash. */
  readonly hash: string;
  readonly models: readonly StoredModel[];
}

const ARRAY_TYPES = {
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
} as const;
type ArrayType = keyof typeof ARRAY_TYPES;
type Section = Int32Array | Uint32Array | Float32Array | Float64Array;

/** Throws RangeError for what no file can hold: two models of one name, numbers that JSON does not know. */
export function encodeModels(models: readonly StoredModel[]): Uint8Array {
  if (new Set(models.map(({ name }) => name)).size !== models.length) {
    throw new RangeError('Cannot encode models: two have one name');
  }
  requireLittleEndian();
  let end = 0;
  const sections: { offset: number; data: Section }[] = [];
  const headers = models.map((stored): ModelHeader => {
    const places = sectionsOf(stored).map(([name, type, data]) => {
      const offset = end;
      sections.push({ offset, data });
      end = align(offset + data.byteLength);
      return { name, type, offset, length: data.length };
    });
    return headerOf(stored, places);
  });
  const text = formatHeader(headers);
  const headerBytes = align(text.length);
  const bytes = new Uint8Array(HEADER_AT + headerBytes + end);
  if (bytes.length > MAX_FILE_BYTES) throw new RangeError(`Cannot encode ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer);
  writeAscii(bytes, 0, MAGIC);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, headerBytes, true);
  view.setUint32(16, bytes.length, true);
  writeAscii(bytes, HEADER_AT, text.padEnd(headerBytes, ' '));
  for (const { offset, data } of sections) {
    const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    bytes.set(raw, HEADER_AT + headerBytes + offset);
  }
  bytes.set(digestOf(bytes, sha256), DIGEST_AT);
  return bytes;
}

/** SHA-256 of several parts as if they were one: the core's own, or whatever is quicker where there is more than the core. */
type Digest = (...parts: readonly Uint8Array[]) => Uint8Array;

export interface DecodeOptions {
  /** The core's own by default. */
  readonly digestBy?: Digest;
  /** Whether nobody writes to the bytes later: models then look at them where they lie. By default they are copied. */
  readonly keepsBytes?: boolean;
}

/** Throws `model_incompatible` that says what is wrong, whatever the bytes. */
export function decodeModels(
  bytes: Uint8Array,
  { digestBy = sha256, keepsBytes = false }: DecodeOptions = {},
): ModelFile {
  requireLittleEndian();
  if (bytes.length < HEADER_AT) throw refused(`it has ${bytes.length} bytes, too few for a header`);
  if (asciiOf(bytes, 0, 8) !== MAGIC) throw refused('it does not begin as model files do');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== VERSION)
    throw refused(`its version is ${version}, this program reads ${VERSION}`);
  if (view.getUint32(16, true) !== bytes.length) {
    throw refused(`it has ${bytes.length} bytes instead of ${view.getUint32(16, true)}`);
  }
  const digest = digestOf(bytes, digestBy);
  if (!digest.every((byte, i) => byte === bytes[DIGEST_AT + i])) {
    throw refused('its checksum is wrong, so it is damaged');
  }
  const sectionsAt = HEADER_AT + view.getUint32(12, true);
  if (sectionsAt > bytes.length) throw refused('its header is longer than the file');
  const models = parseHeader(asciiOf(bytes, HEADER_AT, sectionsAt));
  if (new Set(models.map(({ name }) => name)).size !== models.length) {
    throw refused('two of its models have one name');
  }
  const body = bytes.subarray(sectionsAt);
  return { hash: hexOf(digest), models: models.map((header) => modelOf(header, body, keepsBytes)) };
}

/** Throws `model_incompatible` unless the model reads the rows that this catalogue makes. */
export function checkCatalogue(
  stored: StoredModel,
  catalogueHash: string,
  featureNames: readonly string[],
): void {
  const { featureNames: own } = stored.model;
  if (own.length !== featureNames.length || own.some((name, i) => name !== featureNames[i])) {
    throw refused(`${stored.name} was trained on other features`);
  }
  if (stored.catalogueHash !== catalogueHash) {
    throw refused(
      `${stored.name} was trained on feature catalogue ${stored.catalogueHash}, this is ${catalogueHash}`,
    );
  }
}

function headerOf(stored: StoredModel, sections: ModelHeader['sections']): ModelHeader {
  const { model } = stored;
  return {
    kind: model.kind,
    name: stored.name,
    featureNames: [...model.featureNames],
    classNames: model.kind === 'isolation_forest' ? [] : [...model.classNames],
    firstMargins: model.kind === 'gradient_boosting' ? [...model.firstMargins] : [],
    subsample: model.kind === 'isolation_forest' ? model.subsample : 0,
    outputCount: model.trees.outputCount,
    catalogueHash: stored.catalogueHash,
    seed: stored.seed,
    parameters: stored.parameters as ModelHeader['parameters'],
    dataHashes: [...stored.dataHashes],
    metrics: stored.metrics,
    thresholds: stored.thresholds,
    calibrations: stored.calibrations,
    sections,
  };
}

function sectionsOf({ model, references }: StoredModel): [string, ArrayType, Section][] {
  const { nodes, roots, values, leafCover } = model.trees;
  const names = Object.keys(references).sort();
  return [
    ['nodes', 'i32', nodes],
    ['roots', 'u32', roots],
    ['values', 'f32', values],
    ['leafCover', 'f32', leafCover],
    ...names.map((name): [string, ArrayType, Section] => [
      `reference:${name}`,
      'f64',
      references[name] as Float64Array,
    ]),
  ];
}

function modelOf(header: ModelHeader, body: Uint8Array, keepsBytes: boolean): StoredModel {
  const sections = new Map(header.sections.map((place) => [place.name, place]));
  if (sections.size !== header.sections.length) throw refused('two sections have one name');
  const read = <T extends ArrayType>(name: string, type: T) => {
    const place = sections.get(name);
    if (place?.type !== type) throw refused(`${header.name} has no section ${name} of ${type}`);
    const Type = ARRAY_TYPES[type];
    const end = place.offset + place.length * Type.BYTES_PER_ELEMENT;
    if (end > body.length || place.offset % 8 !== 0) {
      throw refused(`section ${name} of ${header.name} lies outside the file`);
    }
    const raw = body.subarray(place.offset, end);
    // A copy is aligned, and safe from whoever writes to the bytes.
    const isUsable = keepsBytes && raw.byteOffset % Type.BYTES_PER_ELEMENT === 0;
    const { buffer, byteOffset } = isUsable ? raw : new Uint8Array(raw);
    return new Type(buffer as ArrayBuffer, byteOffset, place.length) as InstanceType<
      (typeof ARRAY_TYPES)[T]
    >;
  };
  const trees = createFlatTrees({
    featureCount: header.featureNames.length,
    outputCount: header.outputCount,
    nodes: read('nodes', 'i32'),
    roots: read('roots', 'u32'),
    values: read('values', 'f32'),
    leafCover: read('leafCover', 'f32'),
  });
  const references: [string, Float64Array][] = header.sections
    .filter(({ name }) => name.startsWith('reference:'))
    .map(({ name }) => [name.slice('reference:'.length), read(name, 'f64')]);
  return {
    name: header.name,
    model: buildModel(header, trees),
    catalogueHash: header.catalogueHash,
    seed: header.seed,
    parameters: header.parameters as StoredModel['parameters'],
    dataHashes: header.dataHashes,
    metrics: header.metrics,
    thresholds: header.thresholds,
    calibrations: Object.fromEntries(
      Object.entries(header.calibrations).map(([name, calibration]) => [
        name,
        checkCalibration(calibration as Calibration),
      ]),
    ),
    references: Object.fromEntries(references),
  };
}

function buildModel(header: ModelHeader, trees: FlatTrees): Model {
  const { featureNames, classNames } = header;
  switch (header.kind) {
    case 'random_forest':
      return new RandomForest(featureNames, classNames, trees);
    case 'gradient_boosting':
      return new BoostedTrees(
        featureNames,
        classNames,
        Float64Array.from(header.firstMargins),
        trees,
      );
    case 'isolation_forest':
      return new IsolationForest(featureNames, header.subsample, trees);
  }
}

function writeAscii(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

function asciiOf(bytes: Uint8Array, begin: number, end: number): string {
  const parts: string[] = [];
  for (let at = begin; at < end; at += 4096) {
    parts.push(String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 4096))));
  }
  return parts.join('');
}

function digestOf(bytes: Uint8Array, digestBy: Digest): Uint8Array {
  return digestBy(bytes.subarray(0, DIGEST_AT), bytes.subarray(HEADER_AT));
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

function requireLittleEndian(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
    throw refused('this machine is big endian, which model files are not made for');
  }
}

function refused(reason: string): AppError {
  return new AppError('model_incompatible', `Cannot use the model file: ${reason}`);
}
