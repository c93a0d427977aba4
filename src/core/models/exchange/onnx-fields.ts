/** Field numbers of ONNX messages (onnx/onnx.proto), as far as tree models need them, and the names both directions share. */

export const MODEL = { irVersion: 1, producer: 2, graph: 7, opset: 8, metadata: 14 } as const;
export const OPSET = { domain: 1, version: 2 } as const;
export const ENTRY = { key: 1, value: 2 } as const;
export const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
export const ATTRIBUTE = {
  name: 1,
  int: 3,
  text: 4,
  tensor: 5,
  floats: 7,
  ints: 8,
  strings: 9,
  type: 20,
} as const;
export const ATTRIBUTE_TYPE = { int: 2, text: 3, floats: 6, ints: 7, strings: 8 } as const;
export const TENSOR = {
  dims: 1,
  dataType: 2,
  floatData: 4,
  int32Data: 5,
  name: 8,
  rawData: 9,
} as const;
export const VALUE_INFO = { name: 1, type: 2 } as const;
export const TYPE = { tensor: 1 } as const;
export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const;
export const SHAPE = { dimension: 1 } as const;
export const DIMENSION = { value: 1, name: 2 } as const;
export const FLOAT = 1;
export const UINT8 = 2;
export const DOUBLE = 11;
export const ML_DOMAIN = 'ai.onnx.ml';

/** What our exports say of themselves, so that they come back as they were. */
export const METADATA = {
  kind: 'phantomnet.kind',
  featureNames: 'phantomnet.feature_names',
  classNames: 'phantomnet.class_names',
  subsample: 'phantomnet.subsample',
} as const;
