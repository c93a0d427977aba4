/** The log: JSON lines on standard error where that is a file or a service manager, short text on a terminal. */
import pino, { type Logger } from 'pino';

export type Log = Logger;

export function createLog(level: string): Log {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stderr.isTTY) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino(options, { write: (line: string) => process.stderr.write(`${readable(line)}\n`) });
}

function readable(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const more = Object.entries(rest).map(([name, value]) => ` ${name}=${text(value)}`);
  const label = pino.levels.labels[Number(level)] ?? '';
  return `${String(time).slice(11, 19)} ${label.padEnd(5)} ${msg ?? ''}${more.join('')}`;
}

function text(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { message } = value as { message?: unknown };
  return typeof message === 'string' ? message : JSON.stringify(value);
}
