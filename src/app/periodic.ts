/** Work that comes again and again while a role runs. */
import type { Log } from './log.ts';

/** Runs `work` again and again, never twice at once; a failure is logged and the next time comes. */
export function every(
  ms: number,
  stops: (() => Promise<void>)[],
  log: Log,
  work: () => Promise<void>,
): void {
  let running: Promise<void> | null = null;
  const timer = setInterval(() => {
    running ??= work()
      .catch((error: unknown) => log.error({ err: error }, 'periodic work failed'))
      .finally(() => {
        running = null;
      });
  }, ms);
  stops.push(async () => {
    clearInterval(timer);
    await running;
  });
}
