import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodeModels } from '../core/models/model-file.ts';
import { exportModel, replaceModel } from './exchange-models.ts';
import { cardOf, modelCard } from './model-card.ts';

const { models } = decodeModels(readFileSync('models/phantomnet.model'));
const NAME = 'target-boosting';

const stored = (from: typeof models) => from.find(({ name }) => name === NAME)!;

it('says what is bad of a model, and on how little a number rests', () => {
  const { weaknesses } = cardOf(stored(models));
  expect(weaknesses).toContain('Only 16 test rows of malicious: its numbers prove little.');
  expect(weaknesses.some((line) => line.startsWith('Low recall of malicious'))).toBe(true);
});

it('says of an imported model that nobody here knows how good it is', () => {
  const imported = replaceModel(models, NAME, exportModel(stored(models), 'onnx'), 'h');
  expect(cardOf(stored(imported)).weaknesses).toEqual([expect.stringMatching(/^Imported: /)]);
  const text = modelCard({ hash: 'h', models: imported }).join('\n\n');
  const section = text.slice(text.indexOf(`## ${NAME}`), text.indexOf('## source-isolation'));
  expect(section).toContain('- Imported: ');
  expect(section).not.toContain('| measure |');
});
