/** `phantomnet models registry|add|pin|unpin|shadow|promote|rollback`: which model judges, and how another comes to. */
import { resolve } from 'node:path';
import type { Config } from '../app/config.ts';
import { COMMAND_LINE } from '../app/local-access.ts';
import { loadJudge, modelFolder, readModelFile } from '../app/model.ts';
import { requireChoice, requireOther, shippedHash } from '../app/model-choice.ts';
import { SHIPPED_MODEL } from '../app/package-paths.ts';
import type { ModelShadow } from '../contract/model.ts';
import type { DetectionLimits } from '../core/detection/detection-limits.ts';
import { Judge } from '../core/engine/judge.ts';
import type { ShadowCounts } from '../core/engine/shadow.ts';
import { AppError } from '../errors.ts';
import { runGate } from '../workshop/gate.ts';
import { readBytes } from '../workshop/read-bytes.ts';
import { ModelRegistry } from '../workshop/registry.ts';
import { type Trial, tryModels } from '../workshop/trial.ts';
import { createProgressBar } from './progress-bar.ts';
import { withDatabase } from './with-database.ts';

const SHORT_HASH = 12;
const SHIPPED = 'the model that ships';

export interface RegistryContext {
  readonly config: Config;
  readonly limits: DetectionLimits;
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

export function showRegistry(context: RegistryContext): Promise<void> {
  return withRegistry(context, async (registry) => {
    const { json, out } = context;
    const { champion, challenger } = await registry.seats();
    for (const { hash, added_at, origin, cards } of await registry.models()) {
      const state = hash === champion ? 'champion' : hash === challenger ? 'challenger' : 'kept';
      const shadow = await registry.shadowOf(hash);
      const added = added_at.toISOString();
      if (json) {
        const [first] = cards;
        const lineage = first && {
          seed: first.seed,
          data_hashes: first.data_hashes,
          parameters: first.parameters,
        };
        const entry = { hash, state, added_at: added, from: origin, lineage, shadow };
        out.write(`${JSON.stringify(entry)}\n`);
        continue;
      }
      out.write(`${hash.slice(0, SHORT_HASH)}  ${state.padEnd(10)} ${added}  ${origin}\n`);
      if (shadow)
        out.write(`  in the shadow of live traffic since ${shadow.since}\n${rows(shadow)}`);
    }
    if (json) return;
    if (champion === null) out.write(`champion: ${SHIPPED}\n`);
    for (const { capture } of await registry.pins()) out.write(`pinned: ${capture}\n`);
    for (const { at, action, model, by } of await registry.history())
      out.write(`${at}  ${action} ${named(model)} by ${by}\n`);
  });
}

/** @throws AppError `model_incompatible` for one that could not judge here */
export function addModel(file: string, context: RegistryContext): Promise<void> {
  const { hash: added } = new Judge(readModelFile(file));
  return withRegistry(context, async (registry) => {
    const { json, out } = context;
    const { champion } = await registry.seats();
    if (champion === null) requireOther('add', added, shippedHash());
    const { model: hash } = await registry.add(readBytes(file), resolve(file), COMMAND_LINE);
    out.write(
      json ? `${JSON.stringify({ hash, state: 'challenger' })}\n` : `challenger: ${hash}\n`,
    );
  });
}

export function pinCaptures(files: readonly string[], context: RegistryContext): Promise<void> {
  return withRegistry(context, async (registry) => {
    await registry.pin(files);
    context.err.write(`pinned ${files.length} captures\n`);
  });
}

/** @throws AppError `not_found` for one that is not pinned */
export function unpinCaptures(files: readonly string[], context: RegistryContext): Promise<void> {
  return withRegistry(context, async (registry) => {
    await registry.unpin(files);
    context.err.write(`unpinned ${files.length} captures\n`);
  });
}

/** @throws AppError `not_found` without a challenger */
export function shadowOver(files: readonly string[], context: RegistryContext): Promise<void> {
  return withRegistry(context, async (registry) => {
    const { champion, challenger } = await registry.seats();
    if (challenger === null)
      throw new AppError('not_found', 'There is no challenger: phantomnet models add FILE');
    const { judge, reason } = loadJudge(
      championPath(registry, champion, context),
      context.config.model.false_alarms_per_day,
    );
    if (reason) context.err.write(`phantomnet: the champion cannot judge: ${reason}\n`);
    const { false_alarms_per_day } = context.config.model;
    const other = new Judge(readModelFile(registry.pathOf(challenger)), false_alarms_per_day);
    const progress = createProgressBar(context.err);
    for (const [at, file] of files.entries()) {
      progress.step(at, files.length, file);
      const trial = await tryModels(file, judge, other, context.limits).finally(() =>
        progress.end(),
      );
      context.out.write(context.json ? `${JSON.stringify(toJson(trial))}\n` : readable(trial));
    }
  });
}

/** @throws AppError `input_invalid` where nothing is pinned, `conflict` where the gate stays shut */
export function promoteModel(prefix: string, context: RegistryContext): Promise<void> {
  return withRegistry(context, async (registry) => {
    requireChoice(context.config.model.path);
    const hash = await registry.find(prefix);
    const { champion } = await registry.seats();
    requireOther('promote', hash, champion ?? shippedHash());
    const path = championPath(registry, champion, context);
    const { reason } = loadJudge(path);
    if (reason) context.err.write(`phantomnet: the champion cannot judge: ${reason}\n`);
    const captures = await registry.pinned();
    const progress = createProgressBar(context.err);
    let tried = 0;
    const next = () => progress.step(tried, captures.length, captures[tried] ?? '');
    next();
    const gate = await runGate(
      {
        captures,
        champion: reason ? null : readBytes(path),
        challenger: readBytes(registry.pathOf(hash)),
        limits: context.limits,
        falseAlarmsPerDay: context.config.model.false_alarms_per_day,
      },
      (trial) => {
        progress.say(readable(trial).trimEnd());
        tried++;
        next();
      },
    ).finally(() => progress.end());
    await registry.promote(hash, gate, { against: champion, by: COMMAND_LINE });
    report('promote', hash, context);
  });
}

export function rollBack(context: RegistryContext): Promise<void> {
  return withRegistry(context, async (registry) => {
    requireChoice(context.config.model.path);
    const { model } = await registry.rollback(COMMAND_LINE);
    report('rollback', model, context);
  });
}

function withRegistry(
  { config }: RegistryContext,
  work: (registry: ModelRegistry) => Promise<void>,
): Promise<void> {
  return withDatabase(config, (db) => work(new ModelRegistry(db, modelFolder(config))), {
    create: true,
    migrates: true,
  });
}

function championPath(
  registry: ModelRegistry,
  champion: string | null,
  { config }: RegistryContext,
): string {
  return config.model.path ?? (champion === null ? SHIPPED_MODEL : registry.pathOf(champion));
}

function report(
  action: string,
  champion: string | null,
  { json, out, err }: RegistryContext,
): void {
  out.write(json ? `${JSON.stringify({ action, champion })}\n` : `champion: ${named(champion)}\n`);
  err.write('A running platform takes it within seconds.\n');
}

function toJson({ capture, alerts, rows: totals }: Trial) {
  return { capture, alerts, ...totals };
}

function readable({ capture, alerts, rows: totals }: Trial): string {
  return `${capture}\n  alerts: ${alerts.champion} by the champion, ${alerts.challenger} by the challenger\n${rows(totals)}`;
}

function rows(totals: Trial['rows'] | ModelShadow): string {
  const line = (name: string, counts: ShadowCounts) => {
    const { rows: count, both, onlyChampion, onlyChallenger, distance } = counts;
    const mean = count === 0 ? 0 : distance / count;
    return `  ${name.padEnd(8)} ${String(count).padStart(8)} rows, attacks by both ${both}, by the champion alone ${onlyChampion}, by the challenger alone ${onlyChallenger}, scores ${mean.toFixed(4)} apart\n`;
  };
  return (['flows', 'sources', 'targets'] as const)
    .map((name) => line(name, totals[name]))
    .join('');
}

function named(hash: string | null): string {
  return hash === null ? SHIPPED : hash.slice(0, SHORT_HASH);
}
