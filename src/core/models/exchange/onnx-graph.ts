/** Reads the graph of an ONNX file: its operators with their attributes, and what the file says of itself. */
import * as Onnx from './onnx-fields.ts';
import { floatsOf, integersOf, type ProtoField, readFields } from './protobuf.ts';
import { textOf } from './text-of.ts';

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  integers(name: string): number[];
  floats(name: string): number[];
  strings(name: string): string[];
  has(name: string): boolean;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Throws `model_incompatible` for what is no protocol buffer. */
export function readOnnxGraph(bytes: Uint8Array): OnnxGraph {
  const model = readFields(bytes);
  const nodes = messagesOf(model, Onnx.MODEL.graph).flatMap((graph) =>
    messagesOf(graph, Onnx.GRAPH.node).map(nodeOf),
  );
  const metadata = messagesOf(model, Onnx.MODEL.metadata).map((entry): [string, string] => [
    textsOf(entry, Onnx.ENTRY.key)[0] ?? '',
    textsOf(entry, Onnx.ENTRY.value)[0] ?? '',
  ]);
  return { nodes, metadata: new Map(metadata) };
}

function nodeOf(fields: readonly ProtoField[]): OnnxNode {
  const attributes = new Map(
    messagesOf(fields, Onnx.NODE.attribute).map((attribute) => [
      textsOf(attribute, Onnx.ATTRIBUTE.name)[0] ?? '',
      attribute,
    ]),
  );
  const of = (name: string) => attributes.get(name) ?? [];
  return {
    type: textsOf(fields, Onnx.NODE.opType)[0] ?? '',
    inputs: textsOf(fields, Onnx.NODE.input),
    outputs: textsOf(fields, Onnx.NODE.output),
    integers: (name) => [
      ...integersOf(of(name), Onnx.ATTRIBUTE.int),
      ...integersOf(of(name), Onnx.ATTRIBUTE.ints),
    ],
    floats: (name) => floatsOf(of(name), Onnx.ATTRIBUTE.floats),
    strings: (name) => [
      ...textsOf(of(name), Onnx.ATTRIBUTE.text),
      ...textsOf(of(name), Onnx.ATTRIBUTE.strings),
    ],
    has: (name) => attributes.has(name),
  };
}

function messagesOf(fields: readonly ProtoField[], number: number): ProtoField[][] {
  return fields
    .filter((field) => field.number === number && !field.isVarint)
    .map(({ bytes }) => readFields(bytes));
}

function textsOf(fields: readonly ProtoField[], number: number): string[] {
  return fields.filter((field) => field.number === number).map(({ bytes }) => textOf(bytes));
}
