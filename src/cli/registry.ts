/** `phantomnet models registry|add|pin|shadow|promote|rollback`: which model judges, and how another comes to. */
import type { Config } from '../app/config.ts';
import { loadJudge, readModelFile, registryOf } from '../app/model.ts';
import type { DetectionLimits } from '../core/detection/detection-limits.ts';
import { Judge } from '../core/engine/judge.ts';
import type { ShadowCounts } from '../core/engine/shadow.ts';
import { AppError } from '../errors.ts';
import type { GateResult, ModelRegistry } from '../workshop/registry.ts';
import { gateOf, type Trial, tryModels } from '../workshop/trial.ts';

const SHORT_HASH = 12;
const SHIPPED = 'the model that ships';

export interface RegistryContext {
  readonly config: Config;
  readonly limits: DetectionLimits;
  readonly json: boolean;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

export function showRegistry({ config, json, out }: RegistryContext): void {
  const registry = registryOf(config);
  const { models, champion, challenger, history, pins } = registry.state();
  for (const { hash, added_at, from } of models) {
    const state = hash === champion ? 'champion' : hash === challenger ? 'challenger' : 'kept';
    const shadow = registry.shadowOf(hash);
    if (json) {
      const [first] = readModelFile(registry.pathOf(hash)).models;
      const lineage = first && {
        seed: first.seed,
        data_hashes: first.dataHashes,
        parameters: first.parameters,
      };
      out.write(`${JSON.stringify({ hash, state, added_at, from, lineage, shadow })}\n`);
      continue;
    }
    out.write(`${hash.slice(0, SHORT_HASH)}  ${state.padEnd(10)} ${added_at}  ${from}\n`);
    if (shadow) out.write(`  in the shadow of live traffic since ${shadow.since}\n${rows(shadow)}`);
  }
  if (json) return;
  if (champion === null) out.write(`champion: ${SHIPPED}\n`);
  for (const { capture } of pins) out.write(`pinned: ${capture}\n`);
  for (const { at, action, champion: hash } of history)
    out.write(`${at}  ${action} ${named(hash)}\n`);
}

/** @throws AppError `model_incompatible` for one that could not judge here */
export function addModel(file: string, { config, json, out }: RegistryContext): void {
  new Judge(readModelFile(file));
  const hash = registryOf(config).add(file);
  out.write(json ? `${JSON.stringify({ hash, state: 'challenger' })}\n` : `challenger: ${hash}\n`);
}

export function pinCaptures(files: readonly string[], { config, err }: RegistryContext): void {
  registryOf(config).pin(files);
  err.write(`pinned ${files.length} captures\n`);
}

/** @throws AppError `not_found` without a challenger */
export async function shadowOver(
  files: readonly string[],
  context: RegistryContext,
): Promise<void> {
  const registry = registryOf(context.config);
  const { challenger } = registry.state();
  if (challenger === null)
    throw new AppError('not_found', 'There is no challenger: phantomnet models add FILE');
  const judges = judgesOf(registry, challenger, context);
  for (const file of files) {
    const trial = await tryModels(file, judges.champion, judges.challenger, context.limits);
    context.out.write(context.json ? `${JSON.stringify(toJson(trial))}\n` : readable(trial));
  }
}

/** @throws AppError `input_invalid` where nothing is pinned, `conflict` where the gate stays shut */
export async function promoteModel(prefix: string, context: RegistryContext): Promise<void> {
  const registry = registryOf(context.config);
  const hash = registry.find(prefix);
  const judges = judgesOf(registry, hash, context);
  const gate: GateResult[] = [];
  for (const capture of registry.pinned()) {
    const trial = await tryModels(capture, judges.champion, judges.challenger, context.limits);
    gate.push(gateOf(trial));
    context.err.write(readable(trial));
  }
  registry.promote(hash, gate);
  report('promote', hash, context);
}

export function rollBack(context: RegistryContext): void {
  report('rollback', registryOf(context.config).rollback(), context);
}

function report(
  action: string,
  champion: string | null,
  { json, out, err }: RegistryContext,
): void {
  out.write(json ? `${JSON.stringify({ action, champion })}\n` : `champion: ${named(champion)}\n`);
  err.write('A running platform takes it when it starts again.\n');
}

function judgesOf(registry: ModelRegistry, challenger: string, { config, err }: RegistryContext) {
  const { judge, reason } = loadJudge(config.model.path, registry);
  if (reason) err.write(`phantomnet: the champion cannot judge: ${reason}\n`);
  return {
    champion: judge,
    challenger: new Judge(readModelFile(registry.pathOf(challenger))),
  };
}

function toJson({ capture, alerts, rows: totals }: Trial) {
  return { capture, alerts, ...totals };
}

function readable({ capture, alerts, rows: totals }: Trial): string {
  return `${capture}\n  alerts: ${alerts.champion} by the champion, ${alerts.challenger} by the challenger\n${rows(totals)}`;
}

function rows(totals: Trial['rows']): string {
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
