/** A line on standard error that says how far a command is; only where that is a terminal, and gone when it is done. */
const WIDTH = 24;
const CLEAR_LINE = '\r\u001b[K';

export interface ProgressBar {
  /** So many of so many are done, and this comes next. */
  step(done: number, of: number, next: string): void;
  /** A line that stays, above the bar. */
  say(line: string): void;
  end(): void;
}

export function createProgressBar(
  err: NodeJS.WritableStream & { isTTY?: boolean; columns?: number },
): ProgressBar {
  let shown = '';
  const draw = (line: string) => {
    if (!err.isTTY) return;
    shown = line.slice(0, Math.max(20, (err.columns ?? 80) - 1));
    err.write(CLEAR_LINE + shown);
  };
  return {
    step(done, of, next) {
      const full = of === 0 ? 0 : Math.round((WIDTH * done) / of);
      draw(`[${'#'.repeat(full)}${'-'.repeat(WIDTH - full)}] ${done}/${of} ${next}`);
    },
    say(line) {
      if (shown) err.write(CLEAR_LINE);
      err.write(`${line}\n`);
      if (shown) err.write(shown);
    },
    end() {
      if (shown) err.write(CLEAR_LINE);
      shown = '';
    },
  };
}
