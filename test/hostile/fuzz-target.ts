/** What a coverage-guided run attacks. `Input` is complete: a run of it depends on nothing before it. */
import type { Random } from '../../src/core/models/random.ts';

export interface FuzzTarget<Input> {
  seeds(): AsyncIterable<Input>;
  /** A new input, made of two. */
  breed(one: Input, other: Input, random: Random): Input;
  /** Inputs after one another; throws where one of them finds something. */
  run(inputs: readonly Input[]): Promise<void>;
  /** The input, to reproduce what it did. */
  tell(input: Input): string;
}
