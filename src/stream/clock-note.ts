/**
 * What sensor and server say of their clocks beside a batch. The request carries the sensor's clock at hand-over
 * and the four times of the exchange before, as in NTP (RFC 5905, section 8), so that the server need not
 * remember any; the answer carries the server's two. All in ms since the epoch, apart by spaces.
 */

export const CLOCK_HEADER = 'phantomnet-clock';

/** Times of one batch and its answer: two by the sensor's clock, two by the server's between them. */
export interface ClockExchange {
  readonly sentMs: number;
  readonly receivedMs: number;
  readonly answeredMs: number;
  readonly returnedMs: number;
}

export interface ClockNote {
  /** The sensor's clock when it sent the batch. */
  readonly sentMs: number;
  readonly before: ClockExchange | null;
}

/** The sensor's header. */
export function clockNote(sentMs: number, before: ClockExchange | null): string {
  if (before === null) return String(sentMs);
  const { sentMs: first, receivedMs, answeredMs, returnedMs } = before;
  return [sentMs, first, receivedMs, answeredMs, returnedMs].join(' ');
}

/** What the server's header makes of an exchange; null where there is none. */
export function clockAnswer(
  header: string | null,
  sentMs: number,
  returnedMs: number,
): ClockExchange | null {
  const times = timesOf(header);
  const [receivedMs, answeredMs] = times;
  if (times.length !== 2 || receivedMs === undefined || answeredMs === undefined) return null;
  return { sentMs, receivedMs, answeredMs, returnedMs };
}

/** Null where the header is absent or not one that a sensor writes. */
export function parseClockNote(header: string | null): ClockNote | null {
  const [sentMs, first, receivedMs, answeredMs, returnedMs, ...more] = timesOf(header);
  if (sentMs === undefined || more.length > 0) return null;
  if (first === undefined) return { sentMs, before: null };
  if (receivedMs === undefined || answeredMs === undefined || returnedMs === undefined) return null;
  return { sentMs, before: { sentMs: first, receivedMs, answeredMs, returnedMs } };
}

/** Empty where anything is not a time. */
function timesOf(header: string | null): number[] {
  if (header === null || !/^\d{1,15}( \d{1,15}){0,4}$/.test(header)) return [];
  return header.split(' ').map(Number);
}
