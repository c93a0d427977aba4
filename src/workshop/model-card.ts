/** A model file in words for people: what was trained, on what, and how good it was measured to be, bad numbers included. */
import type { ModelFile, StoredModel } from '../core/models/model-file.ts';

/** Markdown, a section per model. */
export function modelCard({ models }: ModelFile): string[] {
  return models.flatMap((stored) => {
    const { name, model, metrics, thresholds, catalogueHash, dataHashes, seed, parameters } =
      stored;
    const options = Object.entries(parameters)
      .map(([option, value]) => `${option} ${String(value)}`)
      .join(', ');
    return [
      `## ${name}`,
      `${model.kind.replaceAll('_', ' ')}, ${model.trees.treeCount} trees, ${model.featureNames.length} features, catalogue ${catalogueHash}, made from ${dataHashes.length} captures with seed ${seed} (${options}).`,
      table({ ...metrics, ...prefixed('threshold.', thresholds) }),
      ...weaknesses(stored).map((line) => `- ${line}`),
    ];
  });
}

/** Fewer test rows of a kind than this prove nothing. */
const FEW_ROWS = 30;
const LOW_SHARE = 0.8;

function weaknesses({ metrics }: StoredModel): string[] {
  const lines: string[] = [];
  for (const [name, rows] of Object.entries(metrics))
    if (name.startsWith('test_rows.') && rows < FEW_ROWS)
      lines.push(
        `Only ${rows} test rows of ${name.slice('test_rows.'.length)}: its numbers prove little.`,
      );
  for (const [name, value] of Object.entries(metrics)) {
    const [measure, kind] = name.split('.');
    if (kind && (measure === 'recall' || measure === 'precision') && value < LOW_SHARE)
      lines.push(`Low ${measure} of ${kind}: ${value.toFixed(4)}.`);
  }
  return lines.length === 0 ? [] : [lines.join('\n- ')];
}

function table(values: Readonly<Record<string, number>>): string {
  const rows = Object.entries(values).map(
    ([measure, value]) => `| ${measure} | ${Number.isInteger(value) ? value : value.toFixed(4)} |`,
  );
  return ['| measure | value |', '| --- | --- |', ...rows].join('\n');
}

function prefixed(
  prefix: string,
  values: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
