/** `phantomnet replay`: captures through a sensor's own path into a server, with progress on standard error. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../errors.ts';
import { replay as replayCaptures } from '../sensor/replay.ts';
import { requireKey, summaryOf } from './sensor.ts';
import { untilStopped } from './until-stopped.ts';

const PROGRESS_MS = 2_000;

export interface ReplayWords {
  readonly to: string;
  readonly key?: string;
  readonly sensor: string;
  readonly speed: string;
  readonly restamp: boolean;
}

/** @throws AppError `usage`, `input_invalid`, `capture_damaged`, `unauthenticated` */
export async function replay(
  files: readonly string[],
  words: ReplayWords,
  err: NodeJS.WritableStream,
): Promise<void> {
  const key = requireKey(words.key);
  const spoolDir = await mkdtemp(join(tmpdir(), 'phantomnet-replay-'));
  let said = Date.now();
  try {
    const stats = await replayCaptures(files, {
      url: words.to,
      key,
      sensorId: words.sensor,
      speed: parseSpeed(words.speed),
      restamp: words.restamp ? 'now' : undefined,
      spoolDir,
      signal: untilStopped(),
      onTrouble: (message) => err.write(`${message}; trying again, Ctrl-C gives up\n`),
      onProgress: (stats) => {
        if (Date.now() - said < PROGRESS_MS) return;
        said = Date.now();
        err.write(`${summaryOf(stats)}\n`);
      },
    });
    err.write(`${summaryOf(stats)}\n`);
  } finally {
    await rm(spoolDir, { recursive: true, force: true });
  }
}

function parseSpeed(text: string): number | 'max' {
  if (text === 'max') return text;
  const speed = Number(text);
  if (speed > 0 && Number.isFinite(speed)) return speed;
  throw new AppError('usage', `Cannot replay at speed ${text}: give a number above 0, or max`);
}
