/** A model file in words for people: what was trained, on what, and how good it was measured to be, bad numbers included. */
import type { ModelCard } from '../contract/model.ts';
import { alarmThresholds, FALSE_ALARMS_PER_DAY } from '../core/engine/false-alarms.ts';
import type { ModelFile, StoredModel } from '../core/models/model-file.ts';
import { importanceOf } from './model-importance.ts';

/** Fewer test rows of a kind than this prove nothing. */
const FEW_ROWS = 30;
const LOW_SHARE = 0.8;
const LOW_MEASURES = new Set(['recall', 'precision', 'recall_at_threshold']);
const NAMED_FEATURES = 10;

/** @param falseAlarmsPerDay that the thresholds are for */
export function cardOf(stored: StoredModel, falseAlarmsPerDay = FALSE_ALARMS_PER_DAY): ModelCard {
  const { name, model, catalogueHash, seed, parameters, dataHashes, metrics, thresholds } = stored;
  return {
    name,
    kind: model.kind,
    trees: model.trees.treeCount,
    features: model.featureNames.length,
    catalogue_hash: catalogueHash,
    seed,
    parameters,
    data_hashes: [...dataHashes],
    metrics,
    thresholds: { ...thresholds, ...alarmThresholds(stored, falseAlarmsPerDay) },
    importance: importanceOf(stored),
    weaknesses: weaknesses(stored),
  };
}

/** Markdown, a section per model. */
export function modelCard({ models }: ModelFile): string[] {
  return models
    .map((stored) => cardOf(stored))
    .flatMap((card) => {
      const options = Object.entries(card.parameters)
        .map(([option, value]) => `${option} ${String(value)}`)
        .join(', ');
      return [
        `## ${card.name}`,
        `${card.kind.replaceAll('_', ' ')}, ${card.trees} trees, ${card.features} features, catalogue ${card.catalogue_hash}, made from ${card.data_hashes.length} captures with seed ${card.seed} (${options}).`,
        ...table({ ...card.metrics, ...prefixed('threshold.', card.thresholds) }),
        ...(card.importance.length > 0 ? [`Decides most by: ${decidesBy(card)}.`] : []),
        ...(card.weaknesses.length > 0
          ? [card.weaknesses.map((line) => `- ${line}`).join('\n')]
          : []),
      ];
    });
}

function weaknesses({ metrics, parameters }: StoredModel): string[] {
  const lines: string[] = [];
  if (parameters.imported === true)
    lines.push(
      'Imported: how good it is was never measured here, its scores are no calibrated probabilities, and its drift cannot be told.',
    );
  for (const [name, rows] of Object.entries(metrics))
    if (name.startsWith('test_rows.') && rows < FEW_ROWS)
      lines.push(
        `Only ${rows} test rows of ${name.slice('test_rows.'.length)}: its numbers prove little.`,
      );
  for (const [name, value] of Object.entries(metrics)) {
    const [measure, kind] = name.split('.');
    if (kind && LOW_MEASURES.has(measure ?? '') && value < LOW_SHARE)
      lines.push(`Low ${measure?.replaceAll('_', ' ')} of ${kind}: ${value.toFixed(4)}.`);
  }
  return lines;
}

function decidesBy({ importance }: ModelCard): string {
  return importance
    .slice(0, NAMED_FEATURES)
    .map(({ feature, contribution }) => `${feature} ${contribution.toFixed(4)}`)
    .join(', ');
}

/** Nothing where there are no values. */
function table(values: Readonly<Record<string, number>>): string[] {
  const rows = Object.entries(values).map(
    ([measure, value]) => `| ${measure} | ${Number.isInteger(value) ? value : value.toFixed(4)} |`,
  );
  return rows.length === 0 ? [] : [['| measure | value |', '| --- | --- |', ...rows].join('\n')];
}

function prefixed(
  prefix: string,
  values: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
