/** What a training tells while it runs. */
export interface TrainingProgress {
  /** A line that stays. */
  say(line: string): void;
  /** So many of so many steps are done, and this comes next. */
  step(done: number, of: number, next: string): void;
}
