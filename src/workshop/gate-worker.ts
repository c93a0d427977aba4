/** The thread in which a promotion is tried: capture by capture, each answered when it is done. */
import { parentPort, workerData } from 'node:worker_threads';
import { Judge } from '../core/engine/judge.ts';
import { AppError, type ErrorCode } from '../errors.ts';
import type { GateTask } from './gate.ts';
import { readModels } from './read-models.ts';
import { type Trial, tryModels } from './trial.ts';

export type GateAnswer =
  | { readonly trial: Trial }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string } };

const { captures, champion, challenger, limits, falseAlarmsPerDay } = workerData as GateTask;
const judgeOf = (bytes: Uint8Array) => new Judge(readModels(bytes), falseAlarmsPerDay);
const answer = (message: GateAnswer) => parentPort?.postMessage(message);

try {
  const judges = {
    champion: champion && judgeOf(champion),
    challenger: judgeOf(challenger),
  };
  for (const capture of captures)
    answer({ trial: await tryModels(capture, judges.champion, judges.challenger, limits) });
} catch (error) {
  if (!(error instanceof AppError)) throw error;
  answer({ failure: { code: error.code, message: error.message } });
}
