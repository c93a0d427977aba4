/** Times and spans. On screen times are local, with UTC on hover; the data are s since the epoch or ISO 8601. */

/** ms since the epoch of either form. */
export function toMillis(at: number | string): number {
  return typeof at === 'number' ? at * 1000 : Date.parse(at);
}

/** `2026-11-21 03:12:45` in local time; the date is left out where it is that of `nowMs`. */
export function formatLocal(ms: number, nowMs: number, withMillis = false): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return 'unknown';
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const fraction = withMillis ? `.${String(date.getMilliseconds()).padStart(3, '0')}` : '';
  const isToday = date.toDateString() === new Date(nowMs).toDateString();
  return isToday ? time + fraction : `${localDate(date)} ${time}${fraction}`;
}

/** `2026-11-21 02:12:45.123 UTC`. */
export function formatUtc(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime())
    ? 'unknown'
    : `${date.toISOString().slice(0, 23).replace('T', ' ')} UTC`;
}

/** `just now`, `3 min ago`, `in 2 h`. */
export function formatRelative(ms: number, nowMs: number): string {
  const seconds = (nowMs - ms) / 1000;
  if (Math.abs(seconds) < 10) return 'just now';
  const span = formatSpan(Math.abs(seconds));
  return seconds > 0 ? `${span} ago` : `in ${span}`;
}

/** A span in s with its largest unit or two: `12 µs`, `4.2 ms`, `3.5 s`, `45 s`, `12 min`, `1 h 5 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (seconds === 0) return '0 s';
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${trim(seconds * 1000)} ms`;
  if (seconds < 60) return `${trim(seconds)} s`;
  return formatSpan(seconds, true);
}

/** Hours and minutes for a chart's axis; with the date from two days on. */
export function formatTick(ms: number, spanMs: number): string {
  const date = new Date(ms);
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return spanMs > 2 * 86_400_000 ? `${localDate(date).slice(5)} ${time}` : time;
}

function formatSpan(seconds: number, withRest = false): string {
  const steps: readonly [size: number, unit: string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const whole = Math.round(seconds);
  const at = steps.findIndex(([size]) => whole >= size);
  const [size, unit] = steps[at] ?? [1, 's'];
  const head = `${Math.floor(whole / size)} ${unit}`;
  const next = steps[at + 1];
  const rest = next ? Math.floor((whole % size) / next[0]) : 0;
  return withRest && next && rest > 0 ? `${head} ${rest} ${next[1]}` : head;
}

function localDate(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function trim(value: number): string {
  return value < 10 ? String(Number(value.toFixed(1))) : String(Math.round(value));
}
