/** The hash of a feature catalogue: a model made for other features, units or meanings carries another. */
import { mix32, textHash } from '../flows/flow-hash.ts';

export interface CatalogueEntry {
  readonly name: string;
  readonly unit: string;
  readonly doc: string;
}

/** 16 hexadecimal digits over names, units, docs and order. It guards against mistakes, not against forgery. */
export function catalogueHash(features: readonly CatalogueEntry[]): string {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (const { name, unit, doc } of features) {
    const line = `${name}\u0000${unit}\u0000${doc}\u0001`;
    a = textHash(line, a);
    b = mix32(textHash(line, b));
  }
  return hex(a) + hex(b);
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
