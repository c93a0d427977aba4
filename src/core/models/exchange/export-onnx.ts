/**
 * A model as ONNX, for any runtime: one TreeEnsembleRegressor (version 3, whose comparison `x <= threshold` in 32-bit
 * floats and way of missing values are ours), and what makes its sums probabilities. Input `row` [N, features], output
 * `probabilities` [N, classes], or `score` [N, 1] of an isolation forest.
 */
import { type FlatTrees, featureOf, isMissingLeft, leftOf } from '../flat-trees.ts';
import { meanPathLength } from '../mean-path-length.ts';
import type { Model } from '../model-file.ts';
import { thresholdOf } from '../row-keys.ts';
import * as Onnx from './onnx-fields.ts';
import { ProtoWriter } from './protobuf.ts';

const IR_VERSION = 8;
const OPSET_VERSION = 15;
const ML_OPSET_VERSION = 3;

export function exportOnnx(model: Model): Uint8Array {
  const graph = new ProtoWriter();
  const output = model.kind === 'isolation_forest' ? 'score' : 'probabilities';
  addNodes(graph, model, output);
  graph.text(Onnx.GRAPH.name, model.kind);
  for (const [name, value] of constantsOf(model))
    graph.message(Onnx.GRAPH.initializer, scalar(name, value));
  const classCount = model.kind === 'isolation_forest' ? 1 : model.classCount;
  graph.message(Onnx.GRAPH.input, tensorInfo('row', model.featureNames.length));
  graph.message(Onnx.GRAPH.output, tensorInfo(output, classCount));
  const file = new ProtoWriter()
    .integer(Onnx.MODEL.irVersion, IR_VERSION)
    .text(Onnx.MODEL.producer, 'phantomnet')
    .message(Onnx.MODEL.graph, graph)
    .message(Onnx.MODEL.opset, opset('', OPSET_VERSION))
    .message(Onnx.MODEL.opset, opset(Onnx.ML_DOMAIN, ML_OPSET_VERSION));
  for (const [key, value] of metadataOf(model)) {
    const entry = new ProtoWriter().text(Onnx.ENTRY.key, key).text(Onnx.ENTRY.value, value);
    file.message(Onnx.MODEL.metadata, entry);
  }
  return file.bytes();
}

function addNodes(graph: ProtoWriter, model: Model, output: string): void {
  const add = (type: string, inputs: string[], result: string, attributes: ProtoWriter[] = []) =>
    graph.message(Onnx.GRAPH.node, node(type, inputs, result, attributes));
  switch (model.kind) {
    case 'random_forest':
      add('TreeEnsembleRegressor', ['row'], output, ensembleOf(model.trees, null));
      break;
    case 'isolation_forest':
      add('TreeEnsembleRegressor', ['row'], 'mean_length', ensembleOf(model.trees, null));
      add('Mul', ['mean_length', 'scale'], 'exponent');
      add('Pow', ['two', 'exponent'], output);
      break;
    case 'gradient_boosting':
      add('TreeEnsembleRegressor', ['row'], 'margins', ensembleOf(model.trees, model.firstMargins));
      if (model.classCount > 2) add('Softmax', ['margins'], output, [integer('axis', 1)]);
      else {
        add('Sigmoid', ['margins'], 'second');
        add('Sub', ['one', 'second'], 'first');
        add('Concat', ['first', 'second'], output, [integer('axis', 1)]);
      }
  }
}

function constantsOf(model: Model): [string, number][] {
  if (model.kind === 'isolation_forest')
    return [
      ['scale', -1 / meanPathLength(model.subsample)],
      ['two', 2],
    ];
  return model.kind === 'gradient_boosting' && model.classCount === 2 ? [['one', 1]] : [];
}

/** `margins`: tree `t` adds to number `t % margins.length`; null: the mean of all trees' leaves. */
function ensembleOf(trees: FlatTrees, margins: Float64Array | null): ProtoWriter[] {
  const { roots, cover, nodes, values, outputCount } = trees;
  const count = cover.length;
  const treeIds: number[] = [];
  const nodeIds: number[] = [];
  const features = new Array<number>(count).fill(0);
  const modes = new Array<string>(count).fill('LEAF');
  const thresholds = new Array<number>(count).fill(0);
  const lefts = new Array<number>(count).fill(0);
  const rights = new Array<number>(count).fill(0);
  const missing = new Array<number>(count).fill(0);
  const targets = { trees: [] as number[], nodes: [] as number[], ids: [] as number[] };
  const weights: number[] = [];
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!;
    const end = tree + 1 < roots.length ? roots[tree + 1]! : count;
    for (let at = root; at < end; at++) {
      treeIds.push(tree);
      nodeIds.push(at - root);
      const left = leftOf(trees, at);
      if (left === at) {
        for (let output = 0; output < outputCount; output++) {
          targets.trees.push(tree);
          targets.nodes.push(at - root);
          targets.ids.push(margins === null ? output : tree % margins.length);
          weights.push(values[nodes[2 * at]! * outputCount + output]!);
        }
        continue;
      }
      modes[at] = 'BRANCH_LEQ';
      features[at] = featureOf(trees, at);
      thresholds[at] = thresholdOf(nodes[2 * at]!);
      lefts[at] = left - root;
      rights[at] = left + 1 - root;
      missing[at] = isMissingLeft(trees, at) ? 1 : 0;
    }
  }
  return [
    integer('n_targets', margins === null ? outputCount : margins.length),
    text('aggregate_function', margins === null ? 'AVERAGE' : 'SUM'),
    text('post_transform', 'NONE'),
    ...(margins === null ? [] : [floats('base_values', Array.from(margins))]),
    integers('nodes_treeids', treeIds),
    integers('nodes_nodeids', nodeIds),
    integers('nodes_featureids', features),
    strings('nodes_modes', modes),
    floats('nodes_values', thresholds),
    integers('nodes_truenodeids', lefts),
    integers('nodes_falsenodeids', rights),
    integers('nodes_missing_value_tracks_true', missing),
    floats('nodes_hitrates', Array.from(cover)),
    integers('target_treeids', targets.trees),
    integers('target_nodeids', targets.nodes),
    integers('target_ids', targets.ids),
    floats('target_weights', weights),
  ];
}

function metadataOf(model: Model): [string, string][] {
  const { METADATA } = Onnx;
  return [
    [METADATA.kind, model.kind],
    [METADATA.featureNames, JSON.stringify(model.featureNames)],
    model.kind === 'isolation_forest'
      ? [METADATA.subsample, String(model.subsample)]
      : [METADATA.classNames, JSON.stringify(model.classNames)],
  ];
}

function node(type: string, inputs: string[], output: string, attributes: ProtoWriter[]) {
  const writer = new ProtoWriter();
  for (const input of inputs) writer.text(Onnx.NODE.input, input);
  writer.text(Onnx.NODE.output, output).text(Onnx.NODE.name, output).text(Onnx.NODE.opType, type);
  for (const attribute of attributes) writer.message(Onnx.NODE.attribute, attribute);
  if (type.startsWith('Tree')) writer.text(Onnx.NODE.domain, Onnx.ML_DOMAIN);
  return writer;
}

function attribute(name: string, type: number): ProtoWriter {
  return new ProtoWriter().text(Onnx.ATTRIBUTE.name, name).integer(Onnx.ATTRIBUTE.type, type);
}

function integer(name: string, value: number): ProtoWriter {
  return attribute(name, Onnx.ATTRIBUTE_TYPE.int).integer(Onnx.ATTRIBUTE.int, value);
}

function text(name: string, value: string): ProtoWriter {
  return attribute(name, Onnx.ATTRIBUTE_TYPE.text).text(Onnx.ATTRIBUTE.text, value);
}

function integers(name: string, values: readonly number[]): ProtoWriter {
  return attribute(name, Onnx.ATTRIBUTE_TYPE.ints).integers(Onnx.ATTRIBUTE.ints, values);
}

function floats(name: string, values: readonly number[]): ProtoWriter {
  return attribute(name, Onnx.ATTRIBUTE_TYPE.floats).floats(Onnx.ATTRIBUTE.floats, values);
}

function strings(name: string, values: readonly string[]): ProtoWriter {
  const writer = attribute(name, Onnx.ATTRIBUTE_TYPE.strings);
  for (const value of values) writer.text(Onnx.ATTRIBUTE.strings, value);
  return writer;
}

function scalar(name: string, value: number): ProtoWriter {
  return new ProtoWriter()
    .integer(Onnx.TENSOR.dims, 1)
    .integer(Onnx.TENSOR.dataType, Onnx.FLOAT)
    .floats(Onnx.TENSOR.floatData, [value])
    .text(Onnx.TENSOR.name, name);
}

function tensorInfo(name: string, width: number): ProtoWriter {
  const shape = new ProtoWriter()
    .message(Onnx.SHAPE.dimension, new ProtoWriter().text(Onnx.DIMENSION.name, 'rows'))
    .message(Onnx.SHAPE.dimension, new ProtoWriter().integer(Onnx.DIMENSION.value, width));
  const tensor = new ProtoWriter()
    .integer(Onnx.TENSOR_TYPE.elementType, Onnx.FLOAT)
    .message(Onnx.TENSOR_TYPE.shape, shape);
  return new ProtoWriter()
    .text(Onnx.VALUE_INFO.name, name)
    .message(Onnx.VALUE_INFO.type, new ProtoWriter().message(Onnx.TYPE.tensor, tensor));
}

function opset(domain: string, version: number): ProtoWriter {
  return new ProtoWriter().text(Onnx.OPSET.domain, domain).integer(Onnx.OPSET.version, version);
}
