/**
 * From the tree of a filter to classic BPF.
 *
 * Jumps go forward only, so the program is written from its end: whatever a jump aims at stands there
 * already and its distance is known. Conditional jumps reach 255 instructions; what lies farther is
 * reached through an unconditional jump placed just behind them.
 */
import { AppError } from '../../errors.ts';
import { DROP, type FilterInstruction, JUMP, KEEP, MAX_INSTRUCTIONS } from './bpf.ts';
import type { FilterNode } from './filter-node.ts';

const FARTHEST = 255;

/** @throws AppError `usage` where the kernel would not take so long a program. */
export function filterProgram(root: FilterNode): FilterInstruction[] {
  /** The last instruction first; a label is an index into it. */
  const backward: FilterInstruction[] = [DROP, KEEP];
  write(root, 1, 0);
  if (backward.length > MAX_INSTRUCTIONS) {
    throw new AppError(
      'usage',
      `Cannot use the capture filter: it needs ${backward.length} instructions, the kernel takes ${MAX_INSTRUCTIONS}`,
    );
  }
  return backward.reverse();

  /** Writes what goes to `yes` where the node holds and to `no` where not; returns where it begins. */
  function write(node: FilterNode, yes: number, no: number): number {
    if (node.kind === 'not') return write(node.of, no, yes);
    if (node.kind === 'test') {
      const [onYes, onNo] = [near(yes), near(no)];
      const at = backward.length;
      backward.push([node.jump, at - onYes - 1, at - onNo - 1, node.value]);
      backward.push(...node.loads.toReversed());
      return backward.length - 1;
    }
    let next = node.kind === 'all' ? yes : no;
    for (const part of node.of.toReversed()) {
      next = node.kind === 'all' ? write(part, next, no) : write(part, yes, next);
    }
    return next;
  }

  /** A label that the conditional jump to come can reach, though one more instruction comes first. */
  function near(label: number): number {
    const distance = backward.length - label - 1;
    if (distance + 1 <= FARTHEST) return label;
    backward.push([JUMP, 0, 0, distance]);
    return backward.length - 1;
  }
}
