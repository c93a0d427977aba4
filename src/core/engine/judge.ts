/**
 * What the models say: of each conversation that ends, of each 5 s window of a source or target, and
 * why. A `Judge` is made from a model file and refuses one that was trained on other features; the
 * analysis runs without a judge just as well, its rows then have null verdicts.
 */
import type { Alert, Contribution, ExplainedRow } from '../../contract/alert.ts';
import { ALERT_KIND_NAMES, type AlertKind } from '../../contract/alert-kinds.ts';
import { ALERT_THRESHOLD } from '../../contract/analysis.ts';
import { WINDOW_FEATURES } from '../../contract/features.ts';
import type { FlowRecord, FlowVerdict } from '../../contract/flow.ts';
import type { WindowRow, WindowVerdict } from '../../contract/window.ts';
import { AppError } from '../../errors.ts';
import { catalogueHash } from '../features/catalogue-hash.ts';
import { FLOW_FEATURES, flowVector } from '../features/flow-vector.ts';
import { BoostedTrees } from '../models/boosted-trees.ts';
import { calibrate } from '../models/calibration.ts';
import { IsolationForest } from '../models/isolation-forest.ts';
import { checkCatalogue, type ModelFile, type StoredModel } from '../models/model-file.ts';
import { explainIsolationForest } from '../models/path-contributions.ts';
import { RandomForest } from '../models/random-forest.ts';
import { type Explanation, explainBoosting, explainForest } from '../models/tree-shap.ts';
import { VectorMemo } from '../models/vector-memo.ts';
import { alarmThresholds, FALSE_ALARMS_PER_DAY } from './false-alarms.ts';

/** The names of the models in the file; `train` writes them. */
export const MODEL_NAMES = {
  flow: 'flow-forest',
  source: 'source-forest',
  target: 'target-boosting',
  isolation: 'source-isolation',
} as const;

export const BENIGN = 'Benign';

/** The calibration and threshold that every model has: of "not benign" (isolation: "unusual"). */
export const MALICIOUS = 'malicious';

/** The score of what looks like an attack and not enough so. */
const DOUBTFUL = ALERT_THRESHOLD - 0.01;

/** Why a row looks like a kind: each of its values with what it did to the model's output, largest first. */
export interface Reasons {
  readonly contributions: Contribution[];
  readonly model: NonNullable<Alert['model']>;
}

/** Which row is asked about. */
type Asked = Pick<ExplainedRow, 'row' | 'entity' | 'start'>;

export class Judge {
  readonly hash: string;
  /** What its thresholds are for. */
  readonly falseAlarmsPerDay: number;
  readonly #flow: Classifier;
  readonly #source: Classifier;
  readonly #target: Classifier;
  readonly #isolation: IsolationForest;
  readonly #storedIsolation: StoredModel;
  readonly #isolationThreshold: number;
  readonly #isolationScores = new VectorMemo<number>(WINDOW_FEATURES.length);
  readonly #flowRow = new Float64Array(FLOW_FEATURES.length);

  /**
   * @param falseAlarmsPerDay of each class and model, at most, in as much traffic as its test part had
   * @throws AppError `model_incompatible` when a model is missing or knows other features.
   */
  constructor(file: ModelFile, falseAlarmsPerDay = FALSE_ALARMS_PER_DAY) {
    this.hash = file.hash;
    this.falseAlarmsPerDay = falseAlarmsPerDay;
    const classifier = (name: string, hash: string, names: readonly string[]) =>
      new Classifier(take(file, name, hash, names), falseAlarmsPerDay);
    const flowNames = FLOW_FEATURES.map(({ name }) => name);
    const windowNames = WINDOW_FEATURES.map(({ name }) => name);
    const flowHash = catalogueHash(FLOW_FEATURES);
    const windowHash = catalogueHash(WINDOW_FEATURES);
    this.#flow = classifier(MODEL_NAMES.flow, flowHash, flowNames);
    this.#source = classifier(MODEL_NAMES.source, windowHash, windowNames);
    this.#target = classifier(MODEL_NAMES.target, windowHash, windowNames);
    const isolation = take(file, MODEL_NAMES.isolation, windowHash, windowNames);
    if (!(isolation.model instanceof IsolationForest))
      throw new AppError('model_incompatible', `${isolation.name} is not an isolation forest`);
    this.#isolation = isolation.model;
    this.#storedIsolation = isolation;
    this.#isolationThreshold = isolation.thresholds[MALICIOUS] ?? 1;
  }

  judgeFlow(flow: FlowRecord): FlowVerdict {
    flowVector(flow, this.#flowRow);
    return this.#flow.judge(this.#flowRow);
  }

  /** Null for the network as a whole, which no model judges. */
  judgeWindow(window: WindowRow): WindowVerdict | null {
    const classifier = this.#classifierOf(window);
    return classifier === null ? null : classifier.judge(window.values);
  }

  /** The same for a bare vector of `WINDOW_FEATURES`, taken for one of a source. */
  judgeVector(values: Float64Array): WindowVerdict {
    return this.#source.judge(values);
  }

  /** How unusual the window of a source is, 0 to 1; null where it is within what was seen in training. */
  unusual(window: WindowRow): { score: number; threshold: number } | null {
    const scores = this.#isolationScores;
    let score = scores.find(window.values);
    if (score === undefined) {
      score = this.#isolation.score(window.values);
      scores.keep(window.values, score);
    }
    const threshold = this.#isolationThreshold;
    return score > threshold ? { score, threshold } : null;
  }

  /** Why a window looks like `kind`. Null for the network, and where no model knows the kind. */
  explainWindow(window: WindowRow, kind: AlertKind): Reasons | null {
    const { scope, entity, startMicros, values } = window;
    const classifier = this.#classifierOf(window);
    if (classifier === null || scope === 'network') return null;
    const asked = { row: scope, entity, start: startMicros / 1e6 };
    if (kind === 'Anomaly' && scope === 'source') return this.#isolationReasons(values, asked);
    return this.#reasons(classifier, values, kind, asked);
  }

  /** Why a conversation looks like `kind`. */
  explainFlow(flow: FlowRecord, kind: AlertKind): Reasons | null {
    flowVector(flow, this.#flowRow);
    return this.#reasons(this.#flow, this.#flowRow, kind, {
      row: 'flow',
      entity: String(flow.id),
      start: flow.firstSeenMicros / 1e6,
    });
  }

  #reasons(
    classifier: Classifier,
    row: Float64Array,
    kind: AlertKind,
    asked: Asked,
  ): Reasons | null {
    const answer = classifier.explain(row, kind);
    if (!answer) return null;
    const { explanation, className, unit } = answer;
    return reasonsOf(classifier.stored, this.hash, row, explanation, {
      ...asked,
      class_name: className,
      method: 'tree_shap',
      unit,
    });
  }

  #isolationReasons(row: Float64Array, asked: Asked): Reasons {
    const explanation = explainIsolationForest(this.#isolation, row);
    return reasonsOf(this.#storedIsolation, this.hash, row, explanation, {
      ...asked,
      class_name: 'Anomaly',
      method: 'path_length',
      unit: 'log2_score',
    });
  }

  #classifierOf({ scope, size }: WindowRow): Classifier | null {
    if (size !== 5 || scope === 'network') return null;
    return scope === 'source' ? this.#source : this.#target;
  }
}

/** A forest or boosting with its calibration: rows to verdicts, nothing allocated but the verdict. Equal rows share one. */
class Classifier {
  readonly stored: StoredModel;
  readonly #model: RandomForest | BoostedTrees;
  readonly #benign: number;
  /** By class: the least probability that makes an attack of it. */
  readonly #thresholds: Float64Array;
  readonly #probabilities: Float64Array;
  readonly #verdicts: VectorMemo<WindowVerdict>;

  constructor(stored: StoredModel, falseAlarmsPerDay: number) {
    const { model } = stored;
    if (model instanceof IsolationForest)
      throw new AppError('model_incompatible', `${stored.name} is not a classifier`);
    this.#model = model;
    this.stored = stored;
    this.#benign = model.classNames.indexOf(BENIGN);
    this.#probabilities = new Float64Array(model.classCount);
    this.#verdicts = new VectorMemo(model.featureNames.length);
    const thresholds = thresholdsOf(stored, falseAlarmsPerDay);
    this.#thresholds = Float64Array.from(model.classNames, (name) => thresholds[name] ?? 0);
    const stranger = model.classNames.find(
      (name) =>
        name !== BENIGN && name !== MALICIOUS && !ALERT_KIND_NAMES.some((kind) => kind === name),
    );
    if (this.#benign < 0 || stranger !== undefined)
      throw new AppError(
        'model_incompatible',
        `${stored.name} has a class that is not an alert_type: ${stranger ?? 'no Benign'}`,
      );
  }

  /**
   * The label follows the calibrated score, so that the two never contradict: an attack from 0.5 on, and
   * then the likeliest kind. Where that does not reach its threshold, calling it one would cost more false alarms than are
   * wanted: the score then stays below 0.5. `confidence` is the probability of the label.
   */
  judge(row: Float64Array): WindowVerdict {
    let verdict = this.#verdicts.find(row);
    if (verdict === undefined) {
      verdict = this.#judge(row);
      this.#verdicts.keep(row, verdict);
    }
    return verdict;
  }

  #judge(row: Float64Array): WindowVerdict {
    const probabilities = this.#probabilities;
    const model = this.#model;
    let benign: number;
    if (model instanceof RandomForest) benign = model.predictClass(row, this.#benign);
    else {
      model.predict(row, probabilities);
      benign = probabilities[this.#benign]!;
    }
    const calibration = this.stored.calibrations[MALICIOUS];
    const raw = 1 - benign;
    const threatScore = calibration ? calibrate(calibration, raw) : raw;
    if (threatScore < ALERT_THRESHOLD)
      return { label: BENIGN, confidence: 1 - threatScore, threatScore };
    if (model instanceof RandomForest) model.predictReached(probabilities);
    let kind = this.#benign === 0 ? 1 : 0;
    for (let index = 0; index < probabilities.length; index++)
      if (index !== this.#benign && probabilities[index]! > probabilities[kind]!) kind = index;
    if (probabilities[kind]! < this.#thresholds[kind]!)
      return { label: BENIGN, confidence: 1 - DOUBTFUL, threatScore: DOUBTFUL };
    const share = raw > 0 ? probabilities[kind]! / raw : 1;
    return { label: this.#model.classNames[kind]!, confidence: threatScore * share, threatScore };
  }

  /** Of the class `kind`, else of "not benign" where the model has only that. */
  explain(row: Float64Array, kind: AlertKind) {
    const model = this.#model;
    const wanted = model.classNames.indexOf(kind);
    const index = wanted >= 0 ? wanted : model.classNames.indexOf(MALICIOUS);
    if (index < 0) return null;
    const className = model.classNames[index]!;
    return model instanceof BoostedTrees
      ? { className, unit: 'margin' as const, explanation: explainBoosting(model, row, index) }
      : { className, unit: 'probability' as const, explanation: explainForest(model, row, index) };
  }
}

function reasonsOf(
  { name, parameters, catalogueHash: catalogue, model }: StoredModel,
  hash: string,
  row: Float64Array,
  { baseline, contributions: shares }: Explanation,
  explained: Omit<ExplainedRow, 'catalogue_hash' | 'baseline'>,
): Reasons {
  const contributions = model.featureNames.map((feature, at) => ({
    feature,
    value: Number.isNaN(row[at]!) ? null : row[at]!,
    contribution: shares[at]!,
  }));
  contributions.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  return {
    contributions,
    model: {
      name,
      version: String(parameters.version ?? ''),
      hash,
      explained: { ...explained, catalogue_hash: catalogue, baseline },
    },
  };
}

/** @throws AppError `model_incompatible` */
function thresholdsOf(stored: StoredModel, falseAlarmsPerDay: number): Record<string, number> {
  try {
    return alarmThresholds(stored, falseAlarmsPerDay);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new AppError('model_incompatible', `${stored.name}: ${error.message}`, { cause: error });
  }
}

function take(
  file: ModelFile,
  name: string,
  hash: string,
  features: readonly string[],
): StoredModel {
  const stored = file.models.find((model) => model.name === name);
  if (!stored)
    throw new AppError('model_incompatible', `Cannot use the model file: it has no ${name}`);
  checkCatalogue(stored, hash, features);
  return stored;
}
