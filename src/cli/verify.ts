/** `phantomnet verify`: derives alerts again from their packets, offline, and says whether they come out the same. */
import { readFileSync } from 'node:fs';
import { type Config, detectionLimits, evidenceSettings } from '../app/config.ts';
import { championFile, findJudge, loadJudge, readModelFile } from '../app/model.ts';
import { originsOfCaptures, originsOfEvidence } from '../app/verify/packet-origin.ts';
import {
  type Verification,
  type VerifyOptions,
  verifyAlerts,
} from '../app/verify/verify-alerts.ts';
import { Alert } from '../contract/alert.ts';
import { Policy, ProtectedList } from '../contract/api.ts';
import { Judge } from '../core/engine/judge.ts';
import { NeverBlockList } from '../core/response/never-block.ts';
import { AppError, fileTrouble } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import { printable } from './printable.ts';

const SHOWN_DIFFERENCES = 20;

export interface VerifyWords {
  readonly capture?: readonly string[];
  /** File of alerts as `analyze --json` and `alerts --json` print them. */
  readonly alert?: string;
  /** Folder of the rings; default: the data folder's. */
  readonly evidence?: string;
  readonly model?: string;
  readonly json: boolean;
}

export interface VerifyContext {
  readonly config: Config;
  /** Asked only where no file of alerts is given. */
  readonly api: () => Promise<ApiClient>;
  readonly out: NodeJS.WritableStream;
}

/** @throws AppError `not_reproduced` where any of them does not come out the same, `not_found`, `input_invalid` */
export async function verify(
  ids: readonly string[],
  words: VerifyWords,
  { config, api, out }: VerifyContext,
): Promise<void> {
  const isOffline = words.alert !== undefined;
  if (!isOffline && ids.length === 0)
    throw new AppError('usage', 'Cannot verify nothing: give the id of an alert, or --alert FILE');
  const wanted = isOffline ? readAlerts(words.alert, ids) : await askAlerts(await api(), ids);
  const { capture, evidence = evidenceSettings(config)?.dir } = words;
  const captures = capture && originsOfCaptures(capture);
  const results = await verifyAlerts(wanted, {
    async origins(alert) {
      if (captures) return captures;
      if (evidence !== undefined) return await originsOfEvidence(evidence, alert);
      throw new AppError('not_found', 'no packets are kept here: evidence.enabled is off');
    },
    isOneOrigin: captures !== undefined,
    judges: (alert) => judgesOf(alert, words.model, config),
    analysis: {
      limits: detectionLimits(config),
      ...(isOffline ? {} : await decidingNow(await api())),
    },
    // `analyze` decides by the defaults; what a platform did in its time is not written down.
    isPolicyKnown: isOffline && captures !== undefined,
  });
  for (const each of results)
    out.write(words.json ? `${JSON.stringify(toJson(each))}\n` : readable(each));
  const failed = results.filter(({ result }) => result !== 'equal').length;
  if (failed > 0)
    throw new AppError(
      'not_reproduced',
      `${failed} of ${results.length} alerts did not come out the same`,
    );
}

/** What decides beside the packets, as the platform has it now; where it runs, this machine may be another. */
export async function decidingNow(
  api: ApiClient,
): Promise<Pick<VerifyOptions['analysis'], 'policy' | 'neverBlock'>> {
  const policy = await api.get('/api/v1/policy', Policy);
  const { networks } = await api.get('/api/v1/protected', ProtectedList);
  return { policy, neverBlock: new NeverBlockList(networks) };
}

/** An alert that no model explains may have been made with one all the same, or without any. */
function judgesOf(alert: Alert, given: string | undefined, config: Config): (Judge | null)[] {
  const hash = alert.model?.hash;
  if (given !== undefined) {
    const file = readModelFile(given);
    if (hash === undefined || file.hash === hash)
      return [new Judge(file, config.model.false_alarms_per_day)];
    throw new AppError('not_found', `${given} is not the model ${hash} that judged`);
  }
  if (hash === undefined) {
    const { judge } = loadJudge(championFile(config), config.model.false_alarms_per_day);
    return judge === null ? [null] : [judge, null];
  }
  const judge = findJudge(hash, config);
  if (judge === null)
    throw new AppError('not_found', `the model ${hash} that judged is not here: give --model FILE`);
  return [judge];
}

function readAlerts(path = '', ids: readonly string[]): Alert[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new AppError('input_invalid', `Cannot read ${path}: ${fileTrouble(error)}`);
  }
  const alerts = text.split('\n').flatMap((line, at) => (line === '' ? [] : [parse(line, at)]));
  for (const id of ids)
    if (!alerts.some((alert) => alert.id === id))
      throw new AppError('not_found', `There is no alert ${id} in ${path}`);
  if (alerts.length === 0) throw new AppError('input_invalid', `There is no alert in ${path}`);
  return ids.length === 0 ? alerts : alerts.filter(({ id }) => ids.includes(id));

  function parse(line: string, at: number): Alert {
    let value: unknown = null;
    try {
      value = JSON.parse(line);
    } catch {
      // Said below, as of what is JSON and no alert.
    }
    const result = Alert.safeParse(value);
    if (result.success) return result.data;
    const where = result.error.issues[0]?.path.join('.') || 'it is not JSON';
    throw new AppError('input_invalid', `${path}: line ${at + 1} is no alert: ${where}`);
  }
}

async function askAlerts(api: ApiClient, ids: readonly string[]): Promise<Alert[]> {
  const alerts: Alert[] = [];
  for (const id of ids)
    alerts.push(await api.get(`/api/v1/alerts/${encodeURIComponent(id)}`, Alert));
  return alerts;
}

function toJson({ alert, result, reasons, differences, origin, packets }: Verification) {
  const { id, alert_type, model } = alert;
  return { id, alert_type, result, reasons, differences, origin, packets, model };
}

function readable({ alert, result, reasons, differences, origin, packets }: Verification): string {
  const lines = [`${result.padEnd(8)} ${alert.id}  ${alert.alert_type}: ${alert.description}`];
  const from = `${packets} packets from ${origin}`;
  if (result === 'equal') lines.push(`  every field to the bit, derived again from ${from}`);
  else if (origin !== null && differences === null)
    lines.push(`  no such alert comes out of ${from}`);
  lines.push(...reasons.map((reason) => `  ${reason}`));
  for (const { field, stored, derived } of (differences ?? []).slice(0, SHOWN_DIFFERENCES))
    lines.push(`  ${field}: stored ${JSON.stringify(stored)}, derived ${JSON.stringify(derived)}`);
  const more = (differences?.length ?? 0) - SHOWN_DIFFERENCES;
  if (more > 0) lines.push(`  and ${more} more fields`);
  return `${lines.map(printable).join('\n')}\n`;
}
