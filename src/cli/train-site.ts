/** `phantomnet train --from-site`: a challenger from what this site has seen. It judges nothing until it is promoted. */
import { readFileSync } from 'node:fs';
import type { Config } from '../app/config.ts';
import { COMMAND_LINE } from '../app/local-access.ts';
import { modelFolder, readModelFile } from '../app/model.ts';
import { BASE_EXAMPLES, SHIPPED_MODEL } from '../app/package-paths.ts';
import { encodeModels } from '../core/models/model-file.ts';
import { AppError } from '../errors.ts';
import type { Database } from '../store/database.ts';
import { decodeBase } from '../workshop/base-examples.ts';
import { ModelRegistry } from '../workshop/registry.ts';
import { trainFromSite } from '../workshop/train-from-site.ts';
import { createProgressBar } from './progress-bar.ts';
import { withDatabase } from './with-database.ts';

export interface TrainSiteOptions {
  readonly workers: number;
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

/** @throws AppError `not_found` without a database, `input_invalid` where the site has nothing to teach */
export function trainSite(config: Config, { workers, out, err }: TrainSiteOptions): Promise<void> {
  if (config.database.shards.length > 0)
    throw new AppError(
      'usage',
      'Cannot learn from a store of several databases yet: give a configuration that has one of them as database.url and no database.shards',
    );
  const work = async (db: Database) => {
    const registry = new ModelRegistry(db, modelFolder(config));
    const { champion } = await registry.seats();
    const path = config.model.path ?? (champion ? registry.pathOf(champion) : SHIPPED_MODEL);
    const progress = createProgressBar(err);
    const { models } = await trainFromSite(db, {
      base: decodeBase(readFileSync(BASE_EXAMPLES)),
      champion: readModelFile(path),
      workerCount: workers,
      progress,
    }).finally(() => progress.end());
    const { model } = await registry.add(
      encodeModels(models),
      'trained from this site',
      COMMAND_LINE,
    );
    out.write(`challenger: ${model}\n`);
    err.write(
      `Look at it (models registry, shadow), then: phantomnet models promote ${model?.slice(0, 12)}\n`,
    );
  };
  return withDatabase(config, work, { migrates: true });
}
