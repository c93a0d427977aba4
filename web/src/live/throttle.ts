/** Runs `action` at once and then at most every `intervalMs`; a call in between runs when the interval ends. */
export function throttle(intervalMs: number, action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDue = false;
  const tick = () => {
    timer = undefined;
    if (!isDue) return;
    isDue = false;
    run();
  };
  const run = () => {
    action();
    timer = setTimeout(tick, intervalMs);
  };
  return () => {
    if (timer === undefined) run();
    else isDue = true;
  };
}
