/** Reads the graph of an ONNX file: its operators with their attributes, and what the file says of itself. */
import * as Onnx from './onnx-fields.ts';
import { fieldsOf, floatsOf, integersOf } from './protobuf.ts';
import { textOf } from './text-of.ts';
import { refused } from './tree-table.ts';

const NO_BYTES = new Uint8Array(0);
/** Operators of a graph, attributes of one, entries about it: each at most. */
const MAX_PARTS = 10_000;

export interface OnnxNode {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  integers(name: string): number[];
  floats(name: string): number[];
  strings(name: string): string[];
  /** Of 32-bit floats or of bytes; empty where there is none. */
  tensor(name: string): number[];
  has(name: string): boolean;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Throws `model_incompatible` for what is no protocol buffer. */
export function readOnnxGraph(bytes: Uint8Array): OnnxGraph {
  const nodes = messagesOf(bytes, Onnx.MODEL.graph).flatMap((graph) =>
    messagesOf(graph, Onnx.GRAPH.node).map(nodeOf),
  );
  const metadata = messagesOf(bytes, Onnx.MODEL.metadata).map((entry): [string, string] => [
    textsOf(entry, Onnx.ENTRY.key)[0] ?? '',
    textsOf(entry, Onnx.ENTRY.value)[0] ?? '',
  ]);
  return { nodes, metadata: new Map(metadata) };
}

function nodeOf(message: Uint8Array): OnnxNode {
  const attributes = new Map(
    messagesOf(message, Onnx.NODE.attribute).map((attribute) => [
      textsOf(attribute, Onnx.ATTRIBUTE.name)[0] ?? '',
      attribute,
    ]),
  );
  const of = (name: string) => attributes.get(name) ?? NO_BYTES;
  return {
    type: textsOf(message, Onnx.NODE.opType)[0] ?? '',
    inputs: textsOf(message, Onnx.NODE.input),
    outputs: textsOf(message, Onnx.NODE.output),
    integers: (name) => [
      ...integersOf(of(name), Onnx.ATTRIBUTE.int),
      ...integersOf(of(name), Onnx.ATTRIBUTE.ints),
    ],
    floats: (name) => floatsOf(of(name), Onnx.ATTRIBUTE.floats),
    strings: (name) => [
      ...textsOf(of(name), Onnx.ATTRIBUTE.text),
      ...textsOf(of(name), Onnx.ATTRIBUTE.strings),
    ],
    tensor: (name) =>
      messagesOf(of(name), Onnx.ATTRIBUTE.tensor).flatMap((tensor) => numbersOf(tensor, name)),
    has: (name) => attributes.has(name),
  };
}

/** A TensorProto, its numbers as such or as raw bytes. Throws for types that trees of ours cannot hold. */
function numbersOf(tensor: Uint8Array, name: string): number[] {
  const [type = 0] = integersOf(tensor, Onnx.TENSOR.dataType);
  if (type === Onnx.DOUBLE) throw refused(`it holds 64-bit numbers (${name})`);
  if (type !== Onnx.FLOAT && type !== Onnx.UINT8)
    throw refused(`${name} holds numbers of the type ${type}`);
  if (type === Onnx.FLOAT)
    return [...floatsOf(tensor, Onnx.TENSOR.floatData), ...floatsOf(tensor, Onnx.TENSOR.rawData)];
  const numbers = integersOf(tensor, Onnx.TENSOR.int32Data);
  for (const field of fieldsOf(tensor))
    if (field.number === Onnx.TENSOR.rawData) for (const byte of field.bytes) numbers.push(byte);
  return numbers;
}

/** Throws where there are more than any graph of trees has of them. */
function messagesOf(message: Uint8Array, number: number): Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number !== number || field.isVarint) continue;
    if (messages.push(field.bytes) > MAX_PARTS)
      throw refused(`it has more than ${MAX_PARTS} parts`);
  }
  return messages;
}

function textsOf(message: Uint8Array, number: number): string[] {
  const texts: string[] = [];
  for (const field of fieldsOf(message))
    if (field.number === number) texts.push(textOf(field.bytes));
  return texts;
}
