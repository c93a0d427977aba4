import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../errors.ts';
import { importOnnx } from './import-onnx.ts';
import * as Onnx from './onnx-fields.ts';
import { ProtoWriter } from './protobuf.ts';

interface Ensemble {
  readonly modes?: number[];
  readonly splits?: number[];
  readonly features?: number[];
  readonly trues?: number[];
  readonly falses?: number[];
  readonly areTruesLeaves?: number[];
  readonly areFalsesLeaves?: number[];
  readonly missing?: number[];
  readonly roots?: number[];
  readonly targets?: number[];
  readonly weights?: number[];
  readonly targetCount?: number;
  readonly transform?: number;
  readonly aggregate?: number;
  readonly isRaw?: boolean;
  readonly type?: number;
}

const LOGISTIC = 2;

/** Two trees: x₁ ≤ 0.5 ? (x₀ < 2 ? 1 : −1) : 3, and the leaf 0.25. */
function file(change: Ensemble = {}): Uint8Array {
  const {
    modes = [0, 1, 0],
    splits = [0.5, 2, 0],
    features = [1, 0, 0],
    trues = [1, 0, 3],
    falses = [2, 1, 3],
    areTruesLeaves = [0, 1, 1],
    areFalsesLeaves = [1, 1, 1],
    missing = [1, 0, 0],
    roots = [0, 2],
    targets = [0, 0, 0, 0],
    weights = [1, -1, 3, 0.25],
    targetCount = 1,
    transform = LOGISTIC,
    aggregate = 1,
    isRaw = false,
    type = Onnx.FLOAT,
  } = change;
  const node = new ProtoWriter().text(Onnx.NODE.opType, 'TreeEnsemble');
  const attribute = (name: string) => new ProtoWriter().text(Onnx.ATTRIBUTE.name, name);
  const ints = (name: string, list: number[]) =>
    node.message(Onnx.NODE.attribute, attribute(name).integers(Onnx.ATTRIBUTE.ints, list));
  const int = (name: string, value: number) =>
    node.message(Onnx.NODE.attribute, attribute(name).integer(Onnx.ATTRIBUTE.int, value));
  const tensor = (name: string, content: ProtoWriter) =>
    node.message(Onnx.NODE.attribute, attribute(name).message(Onnx.ATTRIBUTE.tensor, content));
  const floats = (name: string, list: number[]) =>
    tensor(
      name,
      new ProtoWriter()
        .integer(Onnx.TENSOR.dataType, type)
        .floats(isRaw ? Onnx.TENSOR.rawData : Onnx.TENSOR.floatData, list),
    );
  ints('nodes_featureids', features);
  ints('nodes_truenodeids', trues);
  ints('nodes_falsenodeids', falses);
  ints('nodes_trueleafs', areTruesLeaves);
  ints('nodes_falseleafs', areFalsesLeaves);
  ints('nodes_missing_value_tracks_true', missing);
  ints('tree_roots', roots);
  ints('leaf_targetids', targets);
  floats('nodes_splits', splits);
  floats('leaf_weights', weights);
  tensor(
    'nodes_modes',
    new ProtoWriter()
      .integer(Onnx.TENSOR.dataType, Onnx.UINT8)
      // Numbers below 128 are one byte each, raw or not.
      .integers(isRaw ? Onnx.TENSOR.rawData : Onnx.TENSOR.int32Data, modes),
  );
  int('n_targets', targetCount);
  int('post_transform', transform);
  int('aggregate_function', aggregate);
  const graph = new ProtoWriter().message(Onnx.GRAPH.node, node);
  return new ProtoWriter().integer(1, 8).message(Onnx.MODEL.graph, graph).bytes();
}

function marginOf(bytes: Uint8Array, ...row: number[]): number {
  const model = importOnnx(bytes);
  if (model.kind !== 'gradient_boosting') throw new Error(`It is a ${model.kind}`);
  const out = new Float64Array(model.firstMargins.length);
  model.margins(Float64Array.from(row), out);
  return out[0] ?? Number.NaN;
}

describe('TreeEnsemble of version 5', () => {
  it.each([
    ['numbers', false],
    ['raw bytes', true],
  ])('adds up the leaves that the operator does, from %s', (_, isRaw) => {
    const bytes = file({ isRaw });
    for (const [row, sum] of [
      [[1, 0.5], 1.25],
      [[2, 0.5], -0.75],
      [[1, 0.6], 3.25],
      [[1, Number.NaN], 1.25],
      [[Number.NaN, 0], -0.75],
    ] as const)
      expect(marginOf(bytes, ...row)).toBe(sum);
  });

  it('knows the other comparisons', () => {
    const bytes = file({ modes: [3, 2, 0] });
    // x₁ > 0.5 ? (x₀ ≥ 2 ? 1 : −1) : 3
    expect(marginOf(bytes, 2, 0.6)).toBe(1.25);
    expect(marginOf(bytes, 1, 0.6)).toBe(-0.75);
    expect(marginOf(bytes, 1, 0.5)).toBe(3.25);
  });

  it.each<[string, Ensemble, RegExp]>([
    ['a test of membership, by the feature', { modes: [6, 1, 0] }, /tests f1 by BRANCH_MEMBER/],
    ['a node that is its own child', { trues: [0, 0, 3] }, /node 0 .* is reached twice/],
    ['a leaf that is none', { falses: [9, 1, 3] }, /no leaf 9/],
    ['a root that is none', { roots: [7] }, /node 7/],
    ['64-bit numbers', { type: Onnx.DOUBLE }, /64-bit numbers \(nodes_splits\)/],
    ['another type', { type: 6 }, /nodes_splits holds numbers of the type 6/],
    ['the largest of leaves', { aggregate: 3 }, /aggregates by MAX/],
    ['another transform', { transform: 4 }, /PROBIT/],
    ['a threshold that is no number', { splits: [Number.NaN, 2, 0] }, /compares f1 with NaN/],
  ])('refuses %s', (_, change, message) => {
    expect(() => importOnnx(file(change))).toThrow(message);
  });

  it('never does anything but refuse, whatever becomes of its bytes', () => {
    const bytes = file();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1 }), (changes) => {
        const broken = bytes.slice();
        for (const [at, byte] of changes) broken[at % broken.length] = byte;
        try {
          importOnnx(broken);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
