/** A capture filter as a tree: tests of one loaded value, joined by all, any and not. */
import { AND, type FilterInstruction, JUMP_EQUAL } from './bpf.ts';

export type FilterNode =
  | {
      readonly kind: 'test';
      /** Leave the value to test in the accumulator. A load beyond the packet's end rejects the packet. */
      readonly loads: readonly FilterInstruction[];
      /** Opcode of the conditional jump that compares it with `value`. */
      readonly jump: number;
      readonly value: number;
    }
  | { readonly kind: 'all' | 'any'; readonly of: readonly [FilterNode, ...FilterNode[]] }
  | { readonly kind: 'not'; readonly of: FilterNode };

/** Holds where `load` of `at`, under `mask`, compares with `value` by `jump`; default: is equal. */
export function test(
  load: number,
  at: number,
  value: number,
  { jump = JUMP_EQUAL, mask = null }: { jump?: number; mask?: number | null } = {},
): FilterNode {
  const loads: FilterInstruction[] = [[load, 0, 0, at]];
  if (mask !== null) loads.push([AND, 0, 0, mask]);
  return { kind: 'test', loads, jump, value };
}

export function all(first: FilterNode, ...rest: readonly FilterNode[]): FilterNode {
  return rest.length === 0 ? first : { kind: 'all', of: [first, ...rest] };
}

export function any(first: FilterNode, ...rest: readonly FilterNode[]): FilterNode {
  return rest.length === 0 ? first : { kind: 'any', of: [first, ...rest] };
}

export function not(of: FilterNode): FilterNode {
  return { kind: 'not', of };
}
