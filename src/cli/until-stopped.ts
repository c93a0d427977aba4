/** SIGINT and SIGTERM as an abort signal; a second one ends the process at once, as usual. */
export function untilStopped(): AbortSignal {
  const stopper = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopper.abort());
  return stopper.signal;
}
